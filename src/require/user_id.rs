use super::{Access, Denied, Guard, check, path_params::ParamError};
use crate::observe;

/// The path parameter is the id of the user who asks.
pub(super) struct UserIdGuard {
    pub(super) param: String,
}

impl Guard for UserIdGuard {
    fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        let user = access.user();
        match access.params().get(&self.param) {
            Ok(id) => check::id(user, id),
            Err(ParamError::Undecodable) => Err(check::other_user()),
            Err(error) => {
                observe::misconfigured(format_args!(
                    "`Require::user_id({:?})` denies everybody here, because the route {error}",
                    self.param
                ));
                Err(check::other_user())
            }
        }
    }
}
