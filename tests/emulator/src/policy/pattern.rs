//! IAM's wildcards: `*` stands for any text, `?` for one character.

/// Whether `text` is as `pattern` says. `sticky` is a character that `*` crosses at the end of a segment only, as it
/// is with the colons of an ARN.
pub(super) fn matches(pattern: &str, text: &str, sticky: Option<char>) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    // Which beginnings of the text the pattern's beginning so far matches.
    let mut reached = vec![false; text.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for (at, sign) in pattern.iter().enumerate() {
        let crosses = sticky.is_none() || pattern.get(at + 1).is_none_or(|next| Some(*next) == sticky);
        reached = step(&reached, &text, *sign, sticky.filter(|_| !crosses));
    }
    reached.last().copied().unwrap_or_default()
}

fn step(reached: &[bool], text: &[char], sign: char, barrier: Option<char>) -> Vec<bool> {
    let mut next = Vec::with_capacity(reached.len());
    let mut running = false;
    let before = std::iter::once(None).chain(text.iter().copied().map(Some));
    let mut previous = false;
    for (here, char) in reached.iter().copied().zip(before) {
        next.push(match (sign, char) {
            ('*', None) => here,
            ('*', Some(char)) => here || running && Some(char) != barrier,
            (_, None) => false,
            ('?', Some(_)) => previous,
            (sign, Some(char)) => previous && sign == char,
        });
        running = next.last().copied().unwrap_or_default();
        previous = here;
    }
    next
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn wildcards_stand_for_any_text() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("a", "a", true),
            ("a", "b", false),
            ("*", "", true),
            ("*", "abc", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*d*", "abcde", true),
            ("*b*d*", "adcbe", false),
            ("??", "é!", true),
        ] {
            assert_eq!(matches(pattern, text, None), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_star_crosses_colons_at_the_end_of_a_segment_only() {
        for (pattern, text, fits) in [
            ("arn:*", "arn:aws:elasticache:r:1:user:app", true),
            ("arn:aws:elasticache:*:1:user:app", "arn:aws:elasticache:r:1:user:app", true),
            ("arn:aws:elasticache:r*:user:app", "arn:aws:elasticache:r:1:user:app", true),
            ("arn:*p", "arn:aws:elasticache:r:1:user:app", false),
            ("arn:aws:elasticache:r:1:user:a*p", "arn:aws:elasticache:r:1:user:app", true),
            ("arn:aws:elasticache:r:1:u*pp", "arn:aws:elasticache:r:1:user:app", false),
            ("arn:aws:memorydb:r:1:*/app", "arn:aws:memorydb:r:1:user/app", true),
        ] {
            assert_eq!(matches(pattern, text, Some(':')), fits, "{pattern}");
        }
    }
}
