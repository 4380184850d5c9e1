//! Which pages may change something.

use super::AuthServer;

impl AuthServer {
    /// Lets pages of this origin change something with cookies, as with Better Auth's `trustedOrigins`: for an app that
    /// serves the auth server's endpoints on its own origin. Only the server's own is trusted otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use tower_better_auth::testing::AuthServer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let server = AuthServer::start().await;
    /// server.trust_origin("https://app.example.com");
    /// # }
    /// ```
    pub fn trust_origin(&self, origin: impl Into<String>) {
        let mut state = self.shared.state();
        state.trusted_origins.push(origin.into());
    }
}
