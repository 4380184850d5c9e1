//! What this crate relies on in a Better Auth server: the same tests against `testing::AuthServer`, over a socket and in
//! process, and in `real_server::contract` against the real one. Where they differ, the fake is wrong.

pub(crate) mod devices;
pub(crate) mod organizations;
pub(crate) mod prolonging;
pub(crate) mod sessions;
pub(crate) mod subject;
pub(crate) mod verdicts;

/// The suite against one server: a test for each of the functions.
macro_rules! suite {
    ($subject:expr) => {
        $crate::contract::suite! { $subject;
            sessions: [
                no_session_cookie_is_null_and_sets_nothing,
                a_session_is_described_with_its_user,
                a_cookie_is_taken_decoded_and_in_quotes_as_well,
                what_the_server_did_not_sign_is_null_and_sets_nothing,
                a_signed_token_that_nobody_has_is_null_and_is_deleted,
                of_two_cookies_the_first_counts,
                a_revoked_session_is_null_and_its_cookies_are_deleted,
                an_expired_session_is_null_and_its_cookies_are_deleted,
                a_session_of_a_deleted_user_is_null_and_its_cookies_are_deleted,
                a_user_who_is_banned_in_the_database_is_described_as_banned,
                a_new_role_is_in_the_next_answer,
                a_bearer_token_counts_before_the_cookie_and_one_that_is_forged_does_not_count,
                a_database_that_is_down_is_an_error_for_signed_cookies_only,
                a_path_or_method_that_is_unknown_is_404_without_a_body,
                a_post_with_a_cookie_needs_a_known_origin_and_is_not_allowed_with_it,
                signing_out_ends_the_session_and_deletes_the_cookies,
            ]
            prolonging: [
                a_session_that_is_not_due_is_left_as_it_is,
                a_session_that_is_due_is_prolonged_and_its_cookie_set_again,
                disable_refresh_leaves_it_as_it_is,
                disable_cookie_cache_changes_nothing_without_one,
                a_session_that_is_not_to_be_remembered_is_never_prolonged,
                a_question_about_membership_prolongs_whatever_its_query_says,
                a_question_about_permissions_prolongs_unless_told_not_to,
            ]
            devices: [
                a_list_has_the_users_own_sessions_with_all_their_fields,
                a_session_that_has_ended_is_not_listed,
                a_sign_in_of_yesterday_gets_no_list_and_revokes_all_the_same,
                one_session_is_revoked_and_that_of_somebody_else_is_not,
                the_other_sessions_or_all_are_revoked_and_those_of_others_are_not,
                nobody_is_401,
                a_database_that_is_down_looks_like_nobody_and_a_sign_out_like_a_success,
            ]
            organizations: [
                nobody_is_401,
                a_member_has_a_role_and_a_stranger_is_refused,
                what_a_member_may_do_is_answered_and_a_stranger_is_refused,
                what_an_admin_may_do_everywhere_is_answered,
                a_body_that_is_no_question_is_400,
                a_database_that_is_down_looks_like_nobody,
            ]
            verdicts: [
                every_situation_of_a_session_has_its_verdict,
                a_new_role_holds_from_the_next_request_on,
                guards_that_ask_are_answered,
                a_session_that_a_guard_prolongs_is_prolonged_in_the_browser,
            ]
        }
    };
    ($subject:expr; $($module:ident: [$($test:ident,)*])*) => {
        $(mod $module {
            #[allow(unused_imports)]
            use super::*;
            $(#[tokio::test]
            async fn $test() {
                $crate::contract::$module::$test(&$subject).await;
            })*
        })*
    };
}
pub(crate) use suite;

mod on_a_socket {
    use crate::contract::subject::Subject;

    crate::contract::suite!(Subject::on_a_socket().await);
}

mod in_process {
    use crate::contract::subject::Subject;

    crate::contract::suite!(Subject::in_process());
}
