//! Notes of users, in memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};

/// The longest note, in bytes, and the most notes of a user.
const LONGEST: usize = 400;
const MOST: usize = 100;

/// By the user's id. Grace is somebody else, for everybody.
#[derive(Clone)]
pub(crate) struct Notes(Arc<Mutex<HashMap<String, Vec<String>>>>);

#[derive(Deserialize)]
pub(crate) struct Note {
    text: String,
}

#[derive(Serialize)]
pub(crate) struct Stats {
    notes: usize,
}

impl Default for Notes {
    fn default() -> Self {
        let of_grace = vec!["A ship in port is safe".to_owned()];
        let notes = HashMap::from([("grace".to_owned(), of_grace)]);
        Self(Arc::new(Mutex::new(notes)))
    }
}

impl Notes {
    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, Vec<String>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whose they are is the guard's business.
pub(crate) async fn read(
    State(notes): State<Notes>,
    Path(user_id): Path<String>,
) -> Json<Vec<String>> {
    Json(notes.with(|notes| notes.get(&user_id).cloned().unwrap_or_default()))
}

pub(crate) async fn write(
    State(notes): State<Notes>,
    Path(user_id): Path<String>,
    Json(note): Json<Note>,
) -> StatusCode {
    notes.with(|notes| {
        let own = notes.entry(user_id).or_default();
        if note.text.len() > LONGEST || own.len() >= MOST {
            return StatusCode::UNPROCESSABLE_ENTITY;
        }
        own.push(note.text);
        StatusCode::CREATED
    })
}

pub(crate) async fn stats(State(notes): State<Notes>) -> Json<Stats> {
    let notes = notes.with(|notes| notes.values().map(Vec::len).sum());
    Json(Stats { notes })
}
