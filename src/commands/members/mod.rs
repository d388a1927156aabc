//! `chatauth members …`.

pub mod add;
pub mod arguments;
pub mod from;
pub mod get;
pub mod list;
pub(super) mod pace;
pub mod remove;
pub(super) mod role;
mod several;
pub(super) mod show;
pub mod update;

super::subcommands! {
    /// Add, list and remove the people in a space, and change their roles
    pub Members {
        Add(add::Add),
        List(list::List),
        Get(get::Get),
        Update(update::Update),
        Remove(remove::Remove),
    }
}
