//! Text on its way to C, where a NUL ends it.

use std::ffi::c_char;
use std::mem::MaybeUninit;

/// Bytes with a NUL behind them. Where one stands among them too, there is a second form without.
pub(crate) struct Text {
    /// As it came, and the NUL.
    exact: Box<[u8]>,
    /// With U+FFFD in place of each NUL of its own, and the NUL.
    shown: Option<Box<[u8]>>,
}

impl Text {
    pub(crate) fn new(text: impl Into<Vec<u8>>) -> Self {
        let mut exact = text.into();
        let shown = exact.contains(&0).then(|| {
            let replaced = String::from_utf8_lossy(&exact).replace('\0', "\u{FFFD}") + "\0";
            replaced.into_bytes().into_boxed_slice()
        });
        exact.push(0);
        Self { exact: exact.into_boxed_slice(), shown }
    }

    /// What to print: C sees all of it.
    pub(crate) fn shown(&self) -> *const c_char {
        self.shown.as_ref().unwrap_or(&self.exact).as_ptr().cast()
    }

    /// The bytes as they came; `length`, where wanted, is how many.
    pub(crate) fn exact(&self, length: Option<&mut MaybeUninit<usize>>) -> *const c_char {
        if let Some(length) = length {
            length.write(self.length());
        }
        self.exact.as_ptr().cast()
    }

    /// Without the NUL behind.
    pub(crate) fn length(&self) -> usize {
        self.exact.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    #[test]
    fn b01_a_nul_inside_hides_nothing() {
        let text = Text::new("a\0b");
        // SAFETY: `shown` ends with a NUL and lives as long as `text`.
        assert_eq!(unsafe { CStr::from_ptr(text.shown()) }.to_str(), Ok("a\u{FFFD}b"));
        let mut length = MaybeUninit::new(0);
        let exact = text.exact(Some(&mut length));
        // SAFETY: it was initialised above.
        let length = unsafe { length.assume_init() };
        // SAFETY: so many bytes and a NUL are there.
        assert_eq!(unsafe { std::slice::from_raw_parts(exact.cast::<u8>(), length + 1) }, b"a\0b\0");
    }
}
