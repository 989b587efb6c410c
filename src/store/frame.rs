//! Frames of the journal, and reading them back from a file that may be damaged anywhere.
//!
//! A frame: magic (4 bytes), length of the payload (4), sequence number (8), kind (1), CRC-32 (4) over all the
//! others and the payload, payload. Numbers are big-endian. The magic ends in a control character, which JSON
//! escapes, so no text from outside can look like a frame.

use super::files::DataFile;
use std::io;

const MAGIC: [u8; 4] = [0xC7, b'W', b'J', 0x01];
/// Bytes before the payload.
pub(super) const HEADER_BYTES: usize = 21;
/// The largest payload: 2,000 entries (the limit of a document) of 60 KiB with their stories.
pub(super) const MAX_PAYLOAD_BYTES: usize = 192 * 1024 * 1024;
/// Read at a time.
const CHUNK_BYTES: usize = 1024 * 1024;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// The start of a file: schema, and what the checkpoint that follows sums up to.
    Header,
    /// Records of a checkpoint.
    Records,
    /// The end of the checkpoint.
    End,
    /// One batch.
    Batch,
}

impl FrameKind {
    const fn code(self) -> u8 {
        match self {
            Self::Header => 1,
            Self::Records => 2,
            Self::End => 3,
            Self::Batch => 4,
        }
    }

    fn of(code: u8) -> Option<Self> {
        [Self::Header, Self::Records, Self::End, Self::Batch].into_iter().find(|kind| kind.code() == code)
    }
}

/// One valid frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// What it holds.
    pub(super) kind: FrameKind,
    /// Its batch's number; for the frames of a checkpoint, the last batch that it includes.
    pub(super) sequence: u64,
    /// The contents.
    pub(super) payload: Vec<u8>,
}

/// The bytes of a frame; `None` where the payload is too long for one.
pub(super) fn encode(kind: FrameKind, sequence: u64, payload: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= MAX_PAYLOAD_BYTES)?;
    let mut frame = Vec::with_capacity(HEADER_BYTES + payload.len());
    frame.extend_from_slice(&MAGIC);
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(&sequence.to_be_bytes());
    frame.push(kind.code());
    let crc = checksum(&frame, payload);
    frame.extend_from_slice(&crc.to_be_bytes());
    frame.extend_from_slice(payload);
    Some(frame)
}

fn checksum(head: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(head);
    hasher.update(payload);
    hasher.finalize()
}

/// What stands at a place of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A frame whose checksum is right.
    Frame {
        /// Where it starts.
        offset: u64,
        /// Where the next one starts.
        end: u64,
        /// The frame.
        frame: Frame,
    },
    /// Bytes before a valid frame that are none.
    Hole {
        /// Where they start.
        offset: u64,
        /// How many.
        bytes: u64,
    },
    /// Bytes after the last valid frame.
    Tail {
        /// Where they start.
        offset: u64,
        /// How many.
        bytes: u64,
    },
}

/// Reads a file's frames one after the other. The memory that it takes is bounded by the largest frame that
/// the file can hold, whatever its length fields say.
pub(super) struct FrameReader<'a> {
    file: &'a dyn DataFile,
    length: u64,
    offset: u64,
    window: Vec<u8>,
    window_start: u64,
}

impl<'a> FrameReader<'a> {
    /// From `offset` on, which is the start of a frame.
    pub(super) fn new(file: &'a dyn DataFile, offset: u64) -> io::Result<Self> {
        Ok(Self { file, length: file.length()?, offset, window: Vec::new(), window_start: 0 })
    }

    /// The next item; `None` at the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<Item>> {
        if self.offset >= self.length {
            return Ok(None);
        }
        let start = self.offset;
        if let Some((frame, end)) = self.frame_at(start)? {
            self.offset = end;
            return Ok(Some(Item::Frame { offset: start, end, frame }));
        }
        let mut candidate = start + 1;
        while let Some(found) = self.find_magic(candidate)? {
            if self.frame_at(found)?.is_some() {
                self.offset = found;
                return Ok(Some(Item::Hole { offset: start, bytes: found - start }));
            }
            candidate = found + 1;
        }
        self.offset = self.length;
        Ok(Some(Item::Tail { offset: start, bytes: self.length - start }))
    }

    fn frame_at(&mut self, offset: u64) -> io::Result<Option<(Frame, u64)>> {
        let Some(head) = self.bytes(offset, HEADER_BYTES)? else { return Ok(None) };
        let Some((magic, rest)) = head.split_first_chunk::<4>() else { return Ok(None) };
        let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let Some((sequence, rest)) = rest.split_first_chunk::<8>() else { return Ok(None) };
        let Some((&[code], rest)) = rest.split_first_chunk::<1>() else { return Ok(None) };
        let Some((crc, _)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let (length, sequence) = (u32::from_be_bytes(*length) as usize, u64::from_be_bytes(*sequence));
        let crc = u32::from_be_bytes(*crc);
        let Some(kind) = FrameKind::of(code).filter(|_| *magic == MAGIC && length <= MAX_PAYLOAD_BYTES)
        else {
            return Ok(None);
        };
        let Some(whole) = self.bytes(offset, HEADER_BYTES + length)? else { return Ok(None) };
        let Some((head, payload)) = whole.split_at_checked(HEADER_BYTES) else { return Ok(None) };
        let Some((summed, _)) = head.split_at_checked(HEADER_BYTES - 4) else { return Ok(None) };
        if checksum(summed, payload) != crc {
            return Ok(None);
        }
        let frame = Frame { kind, sequence, payload: payload.to_vec() };
        Ok(Some((frame, offset + (HEADER_BYTES + length) as u64)))
    }

    fn find_magic(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut at = from;
        while at < self.length {
            let want = CHUNK_BYTES.min(usize::try_from(self.length - at).unwrap_or(CHUNK_BYTES));
            let Some(chunk) = self.bytes(at, want)? else { return Ok(None) };
            if let Some(found) = memchr::memmem::find(chunk, &MAGIC) {
                return Ok(Some(at + found as u64));
            }
            if want < MAGIC.len() {
                break;
            }
            at += (want - MAGIC.len() + 1) as u64;
        }
        Ok(None)
    }

    /// `count` bytes from `offset` on, or `None` where the file ends before.
    fn bytes(&mut self, offset: u64, count: usize) -> io::Result<Option<&[u8]>> {
        if self.length.saturating_sub(offset) < count as u64 {
            return Ok(None);
        }
        let have_from = self.window_start;
        let have_to = have_from + self.window.len() as u64;
        if offset < have_from || offset + count as u64 > have_to {
            let want = count.max(CHUNK_BYTES);
            self.window.resize(want, 0);
            self.window.shrink_to(want.max(CHUNK_BYTES));
            let read = self.file.read_at(&mut self.window, offset)?;
            self.window.truncate(read);
            self.window_start = offset;
        }
        let start = usize::try_from(offset - self.window_start).unwrap_or(usize::MAX);
        Ok(self.window.get(start..start.saturating_add(count)))
    }
}
