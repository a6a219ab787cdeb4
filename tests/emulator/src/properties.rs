//! What must hold for any input: checked with random bytes here, and for long by the fuzz targets.
//!
//! Each function panics where its property does not hold. They are there for tests only (feature `fuzzing`).

#![expect(clippy::panic, reason = "a property that does not hold is to be heard of")]

mod bytes;
mod replies;
mod requests;
mod sessions;
mod tokens;

pub use replies::replies;
pub use requests::requests;
pub use sessions::sessions;
pub use tokens::tokens;

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    proptest! {
        // What has failed once becomes a test of its own, by hand.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn only_valid_tokens_are_accepted(data in vec(any::<u8>(), 0..40)) {
            super::tokens(&data);
        }

        #[test]
        fn requests_are_cut_anywhere(data in vec(any::<u8>(), 0..200)) {
            super::requests(&data);
        }

        #[test]
        fn requests_made_of_commands_are_cut_anywhere(data in vec(words(), 0..60)) {
            super::requests(&data.concat());
        }

        #[test]
        fn replies_are_cut_anywhere(data in vec(signs(), 0..60)) {
            super::replies(&data.concat());
        }

        #[test]
        fn sessions_stand_as_they_should(data in vec(any::<u8>(), 0..100)) {
            super::sessions(&data);
        }
    }

    fn words() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            Just(b"*3\r\n$4\r\nAUTH\r\n".to_vec()),
            Just(b"*5\r\n$5\r\nHELLO\r\n".to_vec()),
            Just(b"*3\r\n$3\r\nSET\r\n".to_vec()),
            Just(b"*1\r\n$5\r\nRESET\r\n".to_vec()),
            Just(b"$3\r\nabc\r\n".to_vec()),
            Just(b"$0\r\n\r\n".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"auth \"a b\" 'c'\r\n".to_vec()),
            vec(any::<u8>(), 0..4),
        ]
    }

    fn signs() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            "[*~>%|$!=][0-9-]{1,3}\r\n".prop_map(String::into_bytes),
            "[-+:_,#(][a-zA-Z ]{0,90}\r\n".prop_map(String::into_bytes),
            Just(b"+RESET\r\n".to_vec()),
            vec(any::<u8>(), 0..4),
        ]
    }
}
