//! The gzip file format (RFC 1952): members one after the other, each with a header, a deflate stream and a
//! trailer that says what must have come out.

use super::{DecodeError, Output, run_inflate};
use flate2::{Crc, Decompress};

/// A header longer than this holds no file name but an attack: `FEXTRA` has at most 64 KiB, name and comment
/// have no bound in the format.
const MAX_HEADER_BYTES: usize = 128 * 1024;

const TRAILER_BYTES: usize = 8;

pub(super) struct Gzip {
    state: State,
    /// What belongs to an unfinished header or trailer.
    held: Vec<u8>,
    members: u64,
}

enum State {
    Header,
    Body(Box<Decompress>, Crc),
    Trailer(Crc),
    /// Something followed the last member that is none; tools and browsers pass over it.
    Padding,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Self { state: State::Header, held: Vec::new(), members: 0 }
    }

    pub(super) fn feed(&mut self, piece: &[u8], output: Output) -> Result<(), DecodeError> {
        let mut rest = piece;
        while !rest.is_empty() {
            rest = match &mut self.state {
                State::Header => self.header(rest)?,
                State::Body(inflate, crc) => {
                    let mut checked = |decoded: &[u8]| {
                        crc.update(decoded);
                        output(decoded)
                    };
                    let ended =
                        run_inflate(inflate, rest, &mut checked).map_err(|error| error.named("gzip"))?;
                    let Some(used) = ended else { return Ok(()) };
                    let crc = std::mem::take(crc);
                    self.state = State::Trailer(crc);
                    rest.get(used..).unwrap_or_default()
                }
                State::Trailer(_) => self.trailer(rest)?,
                State::Padding => return Ok(()),
            };
        }
        Ok(())
    }

    pub(super) fn finish(&self) -> Result<(), DecodeError> {
        match self.state {
            State::Header if self.held.is_empty() => Ok(()),
            State::Padding => Ok(()),
            _ => Err(DecodeError::Truncated("gzip")),
        }
    }

    fn header<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        let held = self.held.len();
        self.held.extend_from_slice(piece);
        if self.members > 0 && !self.held.starts_with(&[0x1f]) {
            self.state = State::Padding;
            return Ok(&[]);
        }
        match header_length(&self.held)? {
            Some(length) => {
                self.held.clear();
                self.state = State::Body(Box::new(Decompress::new(false)), Crc::new());
                Ok(piece.get(length.saturating_sub(held)..).unwrap_or_default())
            }
            None if self.held.len() > MAX_HEADER_BYTES => Err(DecodeError::Damaged("gzip")),
            None => Ok(&[]),
        }
    }

    fn trailer<'a>(&mut self, piece: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        let wanted = TRAILER_BYTES.saturating_sub(self.held.len());
        let (taken, rest) = piece.split_at(wanted.min(piece.len()));
        self.held.extend_from_slice(taken);
        let Some((sum, amount)) = self.held.split_first_chunk::<4>() else { return Ok(rest) };
        let Ok(amount) = <[u8; 4]>::try_from(amount) else { return Ok(rest) };
        if let State::Trailer(crc) = &self.state
            && (crc.sum() != u32::from_le_bytes(*sum) || crc.amount() != u32::from_le_bytes(amount))
        {
            return Err(DecodeError::Damaged("gzip"));
        }
        self.held.clear();
        self.members += 1;
        self.state = State::Header;
        Ok(rest)
    }
}

/// The length of the member header that `bytes` begin with; `None` while it is not whole.
fn header_length(bytes: &[u8]) -> Result<Option<usize>, DecodeError> {
    const EXTRA: u8 = 1 << 2;
    const NAME: u8 = 1 << 3;
    const COMMENT: u8 = 1 << 4;
    const HEADER_CRC: u8 = 1 << 1;
    let fixed = bytes.get(..bytes.len().min(3)).unwrap_or_default();
    if !([0x1f, 0x8b, 8].starts_with(fixed)) {
        return Err(DecodeError::Damaged("gzip"));
    }
    let Some(&flags) = bytes.get(3) else { return Ok(None) };
    let mut length = 10;
    if flags & EXTRA != 0 {
        let Some(&[low, high]) = bytes.get(length..length + 2) else { return Ok(None) };
        length += 2 + usize::from(u16::from_le_bytes([low, high]));
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let Some(rest) = bytes.get(length..) else { return Ok(None) };
            let Some(end) = memchr::memchr(0, rest) else { return Ok(None) };
            length += end + 1;
        }
    }
    if flags & HEADER_CRC != 0 {
        length += 2;
    }
    Ok((bytes.len() >= length).then_some(length))
}
