//! Bytes as a gzip file that is no smaller: enough for what must not be read.

use bytes::{BufMut, Bytes, BytesMut};

/// The most bytes of one stored block.
const BLOCK: usize = 0xffff;

/// [RFC 1952](https://www.rfc-editor.org/rfc/rfc1952) around
/// [stored blocks](https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4).
pub(super) fn gzip(bytes: &[u8]) -> Bytes {
    let mut file = BytesMut::new();
    file.put_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
    for block in bytes.chunks(BLOCK) {
        let length = u16::try_from(block.len()).expect("a block is no longer");
        file.put_u8(0);
        file.put_u16_le(length);
        file.put_u16_le(!length);
        file.put_slice(block);
    }
    file.put_slice(&[1, 0, 0, 0xff, 0xff]);
    file.put_u32_le(crc32(bytes));
    file.put_u32_le(u32::try_from(bytes.len()).expect("nobody answers with gigabytes"));
    file.freeze()
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| match crc & 1 {
        0 => crc >> 1,
        _ => (crc >> 1) ^ 0xedb8_8320,
    };
    let add = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc));
    !bytes.iter().fold(!0, add)
}
