//! Against a real Better Auth process.
