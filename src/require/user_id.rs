use super::{Access, Denied, Guard, Require, check, path_params::ParamError};
use crate::observe;

impl Require {
    /// Lets in the user whose id is the path parameter of this name.
    ///
    /// The parameter is percent-decoded once, by axum, and compared byte for byte. A route that has no such
    /// parameter, has it twice (nested routers), or has it as a wildcard denies everybody, and is logged as an error.
    /// Otherwise: 403 `USER_ID_MISMATCH`.
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn user_id(param: impl Into<String>) -> Self {
        let param = param.into();
        Self::guard(UserIdGuard { param })
    }
}

/// The path parameter is the id of the user who asks.
struct UserIdGuard {
    param: String,
}

impl Guard for UserIdGuard {
    fn check(&self, access: &Access<'_>) -> Result<(), Denied> {
        let user = access.user();
        match access.param(&self.param) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{access, user};

    #[test]
    fn the_parameter_is_the_users_own_id_byte_for_byte() {
        for (params, expected) in [
            (&[("id", "ada")][..], true),
            (&[("other", "bob"), ("id", "ada")], true),
            (&[("id", "Ada")], false),
            (&[("id", "")], false),
            (&[("other", "ada")], false),
            (&[("id", "ada"), ("id", "ada")], false),
            (&[], false),
        ] {
            let request = access(user("ada"));
            let request = params.iter().fold(request, |request, (name, value)| {
                request.path_param(*name, *value)
            });
            let param = "id".to_owned();
            let answer = request.check(&UserIdGuard { param });
            assert_eq!(answer.is_ok(), expected, "{params:?}");
        }
    }
}
