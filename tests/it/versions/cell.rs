//! One kind of server.

use std::{fmt, fs};

use serde_json::{Value, json};

use crate::support::node;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plugin {
    Plain,
    Admin,
    Bearer,
    CustomSession,
    MultiSession,
    Organization,
}

pub(super) const PLUGINS: [Plugin; 6] = [
    Plugin::Plain,
    Plugin::Admin,
    Plugin::Bearer,
    Plugin::CustomSession,
    Plugin::MultiSession,
    Plugin::Organization,
];

/// The strategies of the cookie cache.
pub(super) const CACHES: [&str; 4] = ["off", "compact", "jwt", "jwe"];

#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) plugin: Plugin,
    pub(super) cache: &'static str,
    /// Whether its cookies have `__Secure-` names.
    pub(super) https: bool,
}

impl Cell {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        PLUGINS.into_iter().flat_map(|plugin| {
            CACHES.into_iter().flat_map(move |cache| {
                [false, true].map(|https| Self {
                    plugin,
                    cache,
                    https,
                })
            })
        })
    }

    pub(super) fn config(self) -> Value {
        let mut config = json!({"plugins": match self.plugin {
            Plugin::Plain | Plugin::CustomSession => json!([]),
            Plugin::Admin => json!(["admin"]),
            Plugin::Bearer => json!(["bearer"]),
            Plugin::MultiSession => json!(["multiSession"]),
            Plugin::Organization => json!(["organization"]),
        }});
        if self.plugin == Plugin::CustomSession {
            config["customSession"] = json!("nested");
        }
        if self.cache != "off" {
            config["cookieCache"] = json!({"strategy": self.cache, "maxAge": 300});
        }
        if self.https {
            config["baseURL"] = json!("https://auth.example.com");
        }
        config
    }

    /// The full name of one of its cookies, and the one that it would have with the other kind of URL.
    pub(super) fn names(self, key: &str) -> (String, String) {
        let plain = format!("better-auth.{key}");
        let secure = format!("__Secure-{plain}");
        if self.https {
            (secure, plain)
        } else {
            (plain, secure)
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{:?} {} {scheme}", self.plugin, self.cache)
    }
}

/// Major, minor, patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) u32, pub(super) u32, pub(super) u32);

impl Version {
    pub(super) fn installed() -> Self {
        let package = node::directory().join("node_modules/better-auth/package.json");
        let package: Value = serde_json::from_slice(&fs::read(package).unwrap()).unwrap();
        let version = package["version"].as_str().unwrap();
        let numbers: Vec<u32> = version
            .split(['.', '-'])
            .take(3)
            .map(|number| number.parse().unwrap())
            .collect();
        Self(numbers[0], numbers[1], numbers[2])
    }
}
