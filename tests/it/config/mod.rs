//! Settings: what cannot work is found at start-up and named, every default is what its documentation says, and every
//! setting does something.

mod defaults;
mod errors;
mod settings;
mod tables;
mod urls;
