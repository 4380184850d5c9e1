//! What guards that ask the auth server are made of.

use super::{Access, Denied};
use crate::question::{Question, Reply};

/// A rule that needs a reply of the auth server's. Both halves are pure; what lies between is not theirs.
pub(super) trait AskingGuard: Send + Sync + 'static {
    /// What has to be asked, unless it is clear without.
    fn question(&self, access: &Access<'_>) -> Result<Question, Denied>;

    fn judge(&self, reply: &Reply) -> Result<(), Denied>;
}
