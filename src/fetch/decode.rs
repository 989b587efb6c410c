//! Content codings, undone in a stream: gzip (of several members), deflate (in zlib's wrapping or raw), br and
//! zstd. What comes out is bounded while it comes out, so a bomb costs no more than the limit; a body that ends
//! before its coding does is an error.

mod gzip;

use flate2::{Decompress, FlushDecompress, Status};
use gzip::Gzip;
use std::io::{self, Write};
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

/// What can be wrong with a coded body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A coding that we did not offer.
    #[error("the coding {0:?} is none that was asked for")]
    Unknown(String),
    /// More codings upon each other than any server uses.
    #[error("{0} codings upon each other")]
    TooMany(usize),
    /// Not what the coding prescribes.
    #[error("the {0} body is damaged")]
    Damaged(&'static str),
    /// The body ends before its coding does.
    #[error("the {0} body ends too early")]
    Truncated(&'static str),
    /// The limit is reached.
    #[error("the decoded body is longer than {0} bytes")]
    TooLong(u64),
}

/// Codings upon each other; RFC 9110 §8.4 sets no bound, servers use one, proxies sometimes add a second.
const MAX_STAGES: usize = 2;

/// The largest window of a zstd frame that HTTP allows: 8 MiB (RFC 9659 §3).
const ZSTD_WINDOW_LOG: u32 = 23;

const BUFFER_BYTES: usize = 32 * 1024;

/// Takes a body in pieces and gives it decoded.
pub(super) struct Decoder {
    /// The outermost coding first.
    stages: Vec<Stage>,
    body: Vec<u8>,
    limit: u64,
}

impl Decoder {
    /// A decoder for the `Content-Encoding` values in the order of the header.
    pub(super) fn new(codings: &[String], limit: u64) -> Result<Self, DecodeError> {
        let mut stages = Vec::new();
        for coding in codings.iter().rev() {
            let coder = match coding.as_str() {
                "identity" | "" => continue,
                "gzip" | "x-gzip" => Coder::Gzip(Gzip::new()),
                "deflate" => Coder::Deflate(Deflate::new()),
                "br" => Coder::Brotli(Box::new(brotli::DecompressorWriter::new(Bounded::new(limit), 4096))),
                "zstd" => Coder::Zstd(Zstd::new()?),
                unknown => return Err(DecodeError::Unknown(unknown.chars().take(32).collect())),
            };
            stages.push(Stage { coder, produced: 0 });
        }
        if stages.len() > MAX_STAGES {
            return Err(DecodeError::TooMany(stages.len()));
        }
        Ok(Self { stages, body: Vec::new(), limit })
    }

    /// Takes the next piece of the body.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        push(&mut self.stages, piece, &mut Sink { body: &mut self.body, limit: self.limit })
    }

    /// Bytes that were decoded so far.
    pub(super) fn len(&self) -> u64 {
        self.body.len() as u64
    }

    /// The whole body, once all pieces were fed.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, DecodeError> {
        let mut stages = self.stages.as_mut_slice();
        while let Some((first, rest)) = stages.split_first_mut() {
            first.coder.finish()?;
            stages = rest;
        }
        Ok(self.body)
    }
}

struct Sink<'a> {
    body: &'a mut Vec<u8>,
    limit: u64,
}

struct Stage {
    coder: Coder,
    produced: u64,
}

enum Coder {
    Gzip(Gzip),
    Deflate(Deflate),
    Brotli(Box<brotli::DecompressorWriter<Bounded>>),
    Zstd(Zstd),
}

/// Where a coder puts what it decoded.
type Output<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), DecodeError>;

/// Sends a piece through the stages into the body, each stage bounded by the limit.
fn push(stages: &mut [Stage], piece: &[u8], sink: &mut Sink) -> Result<(), DecodeError> {
    let Some((first, rest)) = stages.split_first_mut() else {
        if (sink.body.len() + piece.len()) as u64 > sink.limit {
            return Err(DecodeError::TooLong(sink.limit));
        }
        sink.body.extend_from_slice(piece);
        return Ok(());
    };
    let produced = &mut first.produced;
    first.coder.feed(piece, &mut |decoded| {
        *produced += decoded.len() as u64;
        if *produced > sink.limit {
            return Err(DecodeError::TooLong(sink.limit));
        }
        push(rest, decoded, sink)
    })
}

impl Coder {
    fn feed(&mut self, piece: &[u8], output: Output) -> Result<(), DecodeError> {
        match self {
            Self::Gzip(gzip) => gzip.feed(piece, output),
            Self::Deflate(deflate) => deflate.feed(piece, output),
            Self::Brotli(brotli) => {
                let written = brotli.write_all(piece);
                let bounded = brotli.get_mut();
                if bounded.is_full {
                    return Err(DecodeError::TooLong(bounded.limit));
                }
                output(&std::mem::take(&mut bounded.taken))?;
                written.map_err(|_| DecodeError::Damaged("br"))
            }
            Self::Zstd(zstd) => zstd.feed(piece, output),
        }
    }

    fn finish(&mut self) -> Result<(), DecodeError> {
        match self {
            Self::Gzip(gzip) => gzip.finish(),
            Self::Deflate(deflate) => deflate.finish(),
            // All that it could decode came out with the last piece: `close` only says whether that was all.
            Self::Brotli(brotli) => brotli.close().map_err(|_| DecodeError::Truncated("br")),
            Self::Zstd(zstd) if zstd.is_between_frames => Ok(()),
            Self::Zstd(_) => Err(DecodeError::Truncated("zstd")),
        }
    }
}

/// Takes what brotli decodes, up to the limit.
struct Bounded {
    taken: Vec<u8>,
    limit: u64,
    is_full: bool,
}

impl Bounded {
    fn new(limit: u64) -> Self {
        Self { taken: Vec::new(), limit, is_full: false }
    }
}

impl Write for Bounded {
    fn write(&mut self, decoded: &[u8]) -> io::Result<usize> {
        if (self.taken.len() + decoded.len()) as u64 > self.limit {
            self.is_full = true;
            return Err(io::Error::other("limit"));
        }
        self.taken.extend_from_slice(decoded);
        Ok(decoded.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `deflate` is zlib's format (RFC 9110 §8.4.1.2), but some servers send it raw; the first two bytes tell.
struct Deflate {
    head: Vec<u8>,
    inflate: Option<Decompress>,
    is_ended: bool,
}

impl Deflate {
    fn new() -> Self {
        Self { head: Vec::new(), inflate: None, is_ended: false }
    }

    fn feed(&mut self, piece: &[u8], output: Output) -> Result<(), DecodeError> {
        if let Some(inflate) = &mut self.inflate {
            return Self::inflate(inflate, piece, &mut self.is_ended, output);
        }
        self.head.extend_from_slice(piece);
        let &[first, second, ..] = self.head.as_slice() else { return Ok(()) };
        // RFC 1950 §2.2: method 8, and a check over both bytes.
        let is_zlib = first & 0x0f == 8 && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31);
        let head = std::mem::take(&mut self.head);
        Self::inflate(self.inflate.insert(Decompress::new(is_zlib)), &head, &mut self.is_ended, output)
    }

    fn inflate(
        inflate: &mut Decompress,
        piece: &[u8],
        is_ended: &mut bool,
        output: Output,
    ) -> Result<(), DecodeError> {
        if *is_ended {
            return Ok(()); // Bytes after the end are nobody's.
        }
        *is_ended = run_inflate(inflate, piece, output).map_err(|error| error.named("deflate"))?.is_some();
        Ok(())
    }

    fn finish(&self) -> Result<(), DecodeError> {
        let is_empty = self.inflate.is_none() && self.head.is_empty();
        if self.is_ended || is_empty { Ok(()) } else { Err(DecodeError::Truncated("deflate")) }
    }
}

/// Why inflating stopped.
enum InflateError {
    Damaged,
    Output(DecodeError),
}

impl InflateError {
    fn named(self, coding: &'static str) -> DecodeError {
        match self {
            Self::Damaged => DecodeError::Damaged(coding),
            Self::Output(error) => error,
        }
    }
}

/// Inflates a piece; gives how many of its bytes were used where the stream ended in it.
fn run_inflate(
    inflate: &mut Decompress,
    piece: &[u8],
    output: Output,
) -> Result<Option<usize>, InflateError> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut used = 0;
    loop {
        let (read, wrote) = (inflate.total_in(), inflate.total_out());
        let rest = piece.get(used..).unwrap_or_default();
        let status = inflate
            .decompress(rest, &mut buffer, FlushDecompress::None)
            .map_err(|_| InflateError::Damaged)?;
        let read = usize::try_from(inflate.total_in() - read).unwrap_or(usize::MAX);
        let wrote = usize::try_from(inflate.total_out() - wrote).unwrap_or(usize::MAX);
        used += read;
        output(buffer.get(..wrote).unwrap_or_default()).map_err(InflateError::Output)?;
        match status {
            Status::StreamEnd => return Ok(Some(used)),
            // Nothing read, nothing written: the rest comes with the next piece.
            Status::Ok | Status::BufError if read == 0 && wrote == 0 => {
                return if used == piece.len() { Ok(None) } else { Err(InflateError::Damaged) };
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

struct Zstd {
    decoder: ZstdDecoder<'static>,
    is_between_frames: bool,
}

impl Zstd {
    fn new() -> Result<Self, DecodeError> {
        let mut decoder = ZstdDecoder::new().map_err(|_| DecodeError::Damaged("zstd"))?;
        decoder
            .set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))
            .map_err(|_| DecodeError::Damaged("zstd"))?;
        Ok(Self { decoder, is_between_frames: true })
    }

    fn feed(&mut self, piece: &[u8], output: Output) -> Result<(), DecodeError> {
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut input = InBuffer::around(piece);
        loop {
            let mut decoded = OutBuffer::around(&mut buffer);
            let hint =
                self.decoder.run(&mut input, &mut decoded).map_err(|_| DecodeError::Damaged("zstd"))?;
            self.is_between_frames = hint == 0;
            let wrote = decoded.pos();
            output(buffer.get(..wrote).unwrap_or_default())?;
            if input.pos() >= piece.len() && wrote < BUFFER_BYTES {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
