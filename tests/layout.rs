//! The house rules, held against the source: who may name whom, and how long a file may be.

// A failed `unwrap` is a failed test.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The side that knows requests and never the network.
const HANDLERS_SIDE: &[&str] = &["rejection", "gate", "extract", "require"];

/// The side that knows the network and never handlers.
const AUTH_SERVERS_SIDE: &[&str] = &["client", "cache"];

/// The most lines of a file before its tests.
const LONGEST: usize = 300;

struct Source {
    /// Below the crate's root, with `/`.
    path: String,
    /// Number and text of each line before the tests, without comments.
    code: Vec<(usize, String)>,
    lines: usize,
}

impl Source {
    fn read(path: &Path) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(path).unwrap();
        let before_tests = before_tests(&text);
        let path = path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        let code = before_tests.iter().enumerate().map(|(index, line)| {
            let code = line.split("//").next().unwrap_or_default();
            (index + 1, code.to_owned())
        });
        Self {
            path,
            code: code.collect(),
            lines: before_tests.len(),
        }
    }

    /// The top-level module that the file belongs to; `None` for `lib.rs`.
    fn module(&self) -> Option<&str> {
        let module = self.path.strip_prefix("src/")?.split('/').next()?;
        Some(module.strip_suffix(".rs").unwrap_or(module)).filter(|module| *module != "lib")
    }

    /// Every top-level module that the file names, with the line.
    fn names(&self) -> Vec<(usize, String)> {
        let lines: Vec<&str> = self.code.iter().map(|(_, line)| line.as_str()).collect();
        let text = lines.join(
            "
",
        );
        let mut names = Vec::new();
        for (at, _) in text.match_indices("crate::") {
            if text[..at].ends_with(|char: char| char.is_alphanumeric() || char == '_') {
                continue;
            }
            let rest = &text[at + "crate::".len()..];
            let line = text[..at].matches('\n').count() + 1;
            for (offset, name) in heads(rest) {
                names.push((line + rest[..offset].matches('\n').count(), name));
            }
        }
        names
    }
}

/// The lines above `mod tests {`. Something else that only tests have, such as a `mod model;`, may stand among them.
fn before_tests(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    if let Some(tests) = lines.iter().position(|line| *line == "mod tests {") {
        lines.truncate(tests);
        while lines.last().is_some_and(|line| line.starts_with("#[")) {
            lines.pop();
        }
    }
    lines
}

/// The first segment of a path, or of each path in a group in braces, with where it stands.
fn heads(path: &str) -> Vec<(usize, String)> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![(0, identifier(path))];
    };
    let (mut depth, mut heads, mut is_head) = (0, Vec::new(), true);
    for (at, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_head = true,
            char if is_head && !char.is_whitespace() => {
                heads.push((at + 1, identifier(&group[at..])));
                is_head = false;
            }
            _ => {}
        }
    }
    heads
}

fn identifier(text: &str) -> String {
    let is_part = |char: &char| char.is_alphanumeric() || *char == '_';
    text.chars().take_while(is_part).collect()
}

fn sources() -> Vec<Source> {
    let mut sources: Vec<_> = files("src").iter().map(|path| Source::read(path)).collect();
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

/// Every file of Rust below a folder of the crate.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The modules of `lib.rs`, from top to bottom.
fn order(sources: &[Source]) -> Vec<String> {
    let lib = sources
        .iter()
        .find(|source| source.path == "src/lib.rs")
        .unwrap();
    let module = |(_, line): &(usize, String)| {
        let line = line
            .trim()
            .trim_start_matches("pub(crate) ")
            .trim_start_matches("pub ");
        Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned())
    };
    lib.code.iter().filter_map(module).collect()
}

fn fail_on(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn a_module_uses_only_what_stands_above_it_in_lib_rs() {
    let sources = sources();
    let order = order(&sources);
    assert!(
        order.len() > 10,
        "the modules of lib.rs were not found: {order:?}"
    );
    let place = |name: &str| order.iter().position(|module| module == name);
    let mut broken = Vec::new();
    for source in &sources {
        let Some(module) = source.module() else {
            continue;
        };
        let own = place(module).unwrap_or_else(|| panic!("lib.rs has no module `{module}`"));
        // Built on public items, so on what `lib.rs` re-exports.
        let is_public = |name: &str| module == "testing" && name.starts_with(char::is_uppercase);
        for (line, name) in source.names() {
            let rule = match place(&name) {
                None if is_public(&name) => continue,
                Some(other) if other <= own => continue,
                Some(_) => "which stands below it in lib.rs: use only what stands above",
                None => "which is no module of lib.rs: name the module, not what lib.rs re-exports",
            };
            broken.push(format!(
                "{}:{line}: `{module}` names `{name}`, {rule}",
                source.path
            ));
        }
    }
    fail_on(&broken);
}

#[test]
fn what_helps_users_to_test_is_built_on_what_users_have() {
    let sources = sources();
    let lib = sources
        .iter()
        .find(|source| source.path == "src/lib.rs")
        .unwrap();
    let is_public = |name: &str| {
        let module = format!("pub mod {name};");
        name.starts_with(char::is_uppercase) || lib.code.iter().any(|(_, line)| *line == module)
    };
    let mut broken = Vec::new();
    for source in sources
        .iter()
        .filter(|source| source.module() == Some("testing"))
    {
        for (line, name) in source.names() {
            if !is_public(&name) {
                let rule = "which is not public: `testing` has what users have";
                broken.push(format!(
                    "{}:{line}: `testing` names `{name}`, {rule}",
                    source.path
                ));
            }
        }
    }
    fail_on(&broken);
}

#[test]
fn the_handlers_side_and_the_auth_servers_side_do_not_know_each_other() {
    let mut broken = Vec::new();
    for source in sources() {
        let Some(module) = source.module() else {
            continue;
        };
        for (one, other) in [
            (HANDLERS_SIDE, AUTH_SERVERS_SIDE),
            (AUTH_SERVERS_SIDE, HANDLERS_SIDE),
        ] {
            let strangers = source
                .names()
                .into_iter()
                .filter(|(_, name)| other.contains(&&**name));
            for (line, name) in strangers.filter(|_| one.contains(&module)) {
                broken.push(format!(
                    "{}:{line}: `{module}` names `{name}`: only `verdict` stands between the two sides",
                    source.path
                ));
            }
        }
    }
    fail_on(&broken);
}

#[test]
fn only_the_transport_and_its_setting_name_reqwest() {
    let mut broken = Vec::new();
    let sources = sources();
    let inside = |source: &&Source| !source.path.starts_with("src/client/transport/");
    for source in sources.iter().filter(inside) {
        for (line, code) in &source.code {
            // The names of features and of this crate's own module are no uses of the crate.
            let is_use = code.contains("reqwest::") && !code.contains("self::reqwest::");
            let is_setting = source.module() == Some("better_auth")
                && code.contains("pub fn http_client(")
                && code.contains("reqwest::Client");
            if is_use && !is_setting {
                broken.push(format!(
                    "{}:{line}: only `client/transport` and the setting `http_client` name reqwest",
                    source.path
                ));
            }
        }
    }
    fail_on(&broken);
}

#[test]
fn only_observe_metrics_names_metrics() {
    let mut broken = Vec::new();
    for source in sources() {
        let is_inside = source.path == "src/observe/metrics.rs";
        for (line, code) in source.code.iter().filter(|_| !is_inside) {
            // This crate's own module of that name lies within `observe`.
            let is_own = source.module() == Some("observe") && !code.contains("use metrics");
            if code.contains("metrics::") && !is_own {
                broken.push(format!(
                    "{}:{line}: only `observe/metrics` names the crate `metrics`",
                    source.path
                ));
            }
        }
    }
    fail_on(&broken);
}

#[test]
fn only_two_places_name_redis() {
    const INSIDE: [&str; 2] = ["src/cache/redis/", "src/secondary_storage/connection.rs"];
    let mut broken = Vec::new();
    let sources = sources();
    let is_outside = |source: &&Source| !INSIDE.iter().any(|place| source.path.starts_with(place));
    for source in sources.iter().filter(is_outside) {
        for (line, code) in &source.code {
            // This crate's own module of that name lies within `cache`.
            let is_use = code.contains("redis::") || code.contains("use redis");
            let is_own = source.module() == Some("cache") && code.contains("self::redis::");
            if is_use && !is_own {
                broken.push(format!(
                    "{}:{line}: only {INSIDE:?} name the crate `redis`",
                    source.path
                ));
            }
        }
    }
    fail_on(&broken);
}

#[test]
fn no_file_is_longer_than_one_can_read_in_one_go() {
    let long = |source: &Source| {
        let is_long = source.lines > LONGEST;
        is_long.then(|| {
            format!(
                "{}:{}: {} lines before the tests, and {LONGEST} are enough: split it by capability",
                source.path, LONGEST, source.lines
            )
        })
    };
    let broken: Vec<String> = sources().iter().filter_map(long).collect();
    fail_on(&broken);
}

#[test]
fn what_must_not_pass_is_noticed_by_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
    let code: String = ["src", "tests/it"]
        .iter()
        .flat_map(|it| files(it))
        .map(|it| read(&it))
        .collect();
    let list = read(&root.join("tests/mutants.md"));
    let rows: Vec<_> = list
        .lines()
        .filter(|line| line.contains("| `src/"))
        .collect();
    assert!(rows.len() >= 9, "{rows:#?}");
    for row in rows {
        let [_, file, _, test, _] = row.split('`').collect::<Vec<_>>()[..] else {
            panic!("not a break, a file and a test: {row}");
        };
        assert!(root.join(file).is_file(), "{row}");
        assert!(code.contains(&format!("fn {test}()")), "{row}");
    }
}

#[test]
fn what_only_tests_have_does_not_end_a_file_before_its_tests_do() {
    let text = "#[cfg(test)]\nmod model;\nuse crate::gate::Gate;\n#[cfg(test)]\nmod tests {\n";
    let code = ["#[cfg(test)]", "mod model;", "use crate::gate::Gate;"];
    assert_eq!(before_tests(text), code);
    let sources = sources();
    let is_it = |source: &&Source| source.path == "src/validate/mod.rs";
    let validate = sources.iter().find(is_it).unwrap();
    assert!(!validate.names().is_empty(), "it is read beyond its head");
}

#[test]
fn paths_in_braces_and_over_several_lines_are_found() {
    let code = "use crate::{\n    cookie::{self, Names},\n    types::User,\n};\nlet x = crate::gate::Gate;";
    let code = code
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.to_owned()));
    let source = Source {
        path: "src/x.rs".to_owned(),
        code: code.collect(),
        lines: 5,
    };
    let expected = [(2, "cookie"), (3, "types"), (5, "gate")];
    assert_eq!(
        source.names(),
        expected.map(|(line, name)| (line, name.to_owned()))
    );
}
