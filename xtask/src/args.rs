//! The little command line this program needs: words, flags and options with a value.

use std::str::FromStr;

use anyhow::{Result, anyhow, bail};

/// The arguments not yet taken. Each command takes what it knows, then calls [`Args::finish`].
#[derive(Debug)]
pub(crate) struct Args {
    /// Up to a `--`.
    own: Vec<String>,
    /// After the `--`.
    passed: Vec<String>,
}

impl Args {
    /// Splits the arguments at the first `--`.
    pub(crate) fn new(args: impl IntoIterator<Item = String>) -> Self {
        let mut args = args.into_iter();
        let own = args.by_ref().take_while(|arg| arg != "--").collect();
        Self { own, passed: args.collect() }
    }

    /// Takes the first argument if it is a word, not an option.
    pub(crate) fn word(&mut self) -> Option<String> {
        let is_word = self.own.first().is_some_and(|arg| !arg.starts_with("--"));
        is_word.then(|| self.own.remove(0))
    }

    /// Takes the flag `name` out of the arguments; false where it is not there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.own.len();
        self.own.retain(|arg| arg != name);
        self.own.len() < before
    }

    /// Takes every `name VALUE` and `name=VALUE`, in order.
    pub(crate) fn values(&mut self, name: &str) -> Result<Vec<String>> {
        let mut values = Vec::new();
        while let Some(at) = self.own.iter().position(|arg| arg.split('=').next() == Some(name)) {
            let arg = self.own.remove(at);
            if let Some((_, value)) = arg.split_once('=') {
                values.push(value.to_owned());
            } else if at < self.own.len() && !self.own[at].starts_with("--") {
                values.push(self.own.remove(at));
            } else {
                bail!("`{name}` needs a value: write `{name} VALUE`");
            }
        }
        Ok(values)
    }

    /// Takes the only value of `name`, parsed; `None` where the option is not there.
    pub(crate) fn value<V: FromStr>(&mut self, name: &str) -> Result<Option<V>> {
        let mut values = self.values(name)?;
        if values.len() > 1 {
            bail!("`{name}` was given {} times: give it once", values.len());
        }
        let Some(text) = values.pop() else { return Ok(None) };
        text.parse().map(Some).map_err(|_| anyhow!("`{name} {text}`: this is not a value of the kind `{name}` takes"))
    }

    /// Takes what came after `--`.
    pub(crate) fn passed(&mut self) -> Vec<String> {
        std::mem::take(&mut self.passed)
    }

    /// Refuses what nobody took.
    pub(crate) fn finish(self) -> Result<()> {
        match self.own.iter().chain(&self.passed).next() {
            Some(arg) => bail!("unknown argument `{arg}`: `cargo xtask help` lists the options"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Args {
        Args::new(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_taken_in_both_spellings_and_in_order() {
        let mut args = args("ci --skip fmt --n=3 --skip=doc --force -- filter --x");
        assert_eq!(args.word().as_deref(), Some("ci"));
        assert_eq!(args.word(), None);
        assert_eq!(args.values("--skip").unwrap(), ["fmt", "doc"]);
        assert_eq!(args.value::<usize>("--n").unwrap(), Some(3));
        assert!(args.flag("--force") && !args.flag("--force"));
        assert_eq!(args.passed(), ["filter", "--x"]);
        args.finish().unwrap();
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |result: Result<Option<usize>>| result.unwrap_err().to_string();
        assert!(error(args("--n").value("--n")).contains("`--n` needs a value"));
        assert!(error(args("--n --force").value("--n")).contains("`--n` needs a value"));
        assert!(error(args("--n three").value("--n")).contains("--n three"));
        assert!(error(args("--n 1 --n 2").value("--n")).contains("given 2 times"));
        assert!(args("--unknown").finish().unwrap_err().to_string().contains("`--unknown`"));
        assert!(args("-- stray").finish().unwrap_err().to_string().contains("`stray`"));
    }
}
