use http::{HeaderMap, header};

/// The cookies of one browser, byte for byte as the server set them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jar(Vec<(String, String)>);

impl Jar {
    /// Applies the `Set-Cookie` lines in order: one answer may delete a cookie and then set it.
    pub(crate) fn apply(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("Better Auth writes ASCII");
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            self.0.retain(|(known, _)| known != name);
            if !attributes
                .split(';')
                .any(|attribute| attribute.trim() == "Max-Age=0")
            {
                self.0.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// What a browser sends as `Cookie`.
    pub(crate) fn header(&self) -> String {
        let crumbs: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        crumbs.join("; ")
    }
}
