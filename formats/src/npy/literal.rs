//! The few Python literals that a `.npy` header is made of.

/// A value of the header's dictionary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Literal {
    Text(String),
    Flag(bool),
    Number(u64),
    /// A tuple.
    Row(Vec<Literal>),
}

/// Reads `{'key': value, …}`. Anything else is `None`, lists (structured types) included.
pub(super) fn dictionary(text: &str) -> Option<Vec<(String, Literal)>> {
    let mut rest = Rest(text);
    let mut pairs = Vec::new();
    rest.take('{')?;
    while !rest.took('}') {
        let Literal::Text(key) = rest.value()? else { return None };
        rest.take(':')?;
        pairs.push((key, rest.value()?));
        if !rest.took(',') {
            rest.take('}')?;
            break;
        }
    }
    rest.0.trim().is_empty().then_some(pairs)
}

struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn took(&mut self, letter: char) -> bool {
        match self.0.trim_start().strip_prefix(letter) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn take(&mut self, letter: char) -> Option<()> {
        self.took(letter).then_some(())
    }

    fn value(&mut self) -> Option<Literal> {
        if self.took('(') { self.row() } else { self.scalar() }
    }

    /// Tuples of shapes hold scalars only, so nothing nests.
    fn row(&mut self) -> Option<Literal> {
        let mut items = Vec::new();
        while !self.took(')') {
            items.push(self.scalar()?);
            if !self.took(',') {
                self.take(')')?;
                break;
            }
        }
        Some(Literal::Row(items))
    }

    fn scalar(&mut self) -> Option<Literal> {
        for quote in ['\'', '"'] {
            if self.took(quote) {
                let (text, rest) = self.0.split_once(quote)?;
                self.0 = rest;
                return (!text.contains('\\')).then(|| Literal::Text(text.to_owned()));
            }
        }
        let word = self.word()?;
        match word {
            "True" => Some(Literal::Flag(true)),
            "False" => Some(Literal::Flag(false)),
            // Python 2 wrote long numbers with an `L`.
            _ => word.strip_suffix('L').unwrap_or(word).parse().ok().map(Literal::Number),
        }
    }

    fn word(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let (word, rest) = rest.split_at(end);
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }
}
