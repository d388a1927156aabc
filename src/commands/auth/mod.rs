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
        Login(login::Login) => async,
        #[command(visible_alias = "list")]
        Status(status::Status),
        Token(token::Token) => async,
        Logout(logout::Logout) => async,
        Import(import::Import) => async,
        Export(export::Export),
        Switch(switch::Switch),
    }
}
