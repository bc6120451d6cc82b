//! Numbers out of bytes, in either order. What is not there is `None`.

/// `N` bytes from `offset` on.
pub(super) fn bytes<const N: usize>(from: &[u8], offset: usize) -> Option<[u8; N]> {
    from.get(offset..)?.first_chunk().copied()
}

/// The highest byte first.
pub(super) fn be_u16(from: &[u8], offset: usize) -> Option<u16> {
    bytes(from, offset).map(u16::from_be_bytes)
}

/// The highest byte first.
pub(super) fn be_u32(from: &[u8], offset: usize) -> Option<u32> {
    bytes(from, offset).map(u32::from_be_bytes)
}

/// The highest byte first.
pub(super) fn be_u64(from: &[u8], offset: usize) -> Option<u64> {
    bytes(from, offset).map(u64::from_be_bytes)
}

/// The lowest byte first.
pub(super) fn le_u16(from: &[u8], offset: usize) -> Option<u16> {
    bytes(from, offset).map(u16::from_le_bytes)
}

/// The lowest byte first.
pub(super) fn le_u24(from: &[u8], offset: usize) -> Option<u32> {
    bytes(from, offset).map(|[low, middle, high]| u32::from_le_bytes([low, middle, high, 0]))
}

/// The lowest byte first.
pub(super) fn le_u32(from: &[u8], offset: usize) -> Option<u32> {
    bytes(from, offset).map(u32::from_le_bytes)
}

/// Thousandths of a second, of a duration in units of which `scale` are a second. `None` where the scale is zero.
pub(super) fn milliseconds(duration: u64, scale: u32) -> Option<u64> {
    let ms = (u128::from(duration) * 1000).checked_div(u128::from(scale))?;
    u64::try_from(ms).ok()
}
