//! `chatauth auth …`: logins.

pub mod export;
pub mod import;
pub mod login;
pub mod logout;
pub(super) mod scope_option;
pub mod status;
pub mod switch;
pub mod token;

super::subcommands! {
    /// Log in and out, and see who is logged in
    pub Auth {
        Login(login::Login),
        #[command(visible_alias = "list")]
        Status(status::Status),
        Token(token::Token),
        Logout(logout::Logout),
        Import(import::Import),
        Export(export::Export),
        Switch(switch::Switch),
    }
}
