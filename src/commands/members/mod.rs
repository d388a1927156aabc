//! `chatauth members …`.

pub mod add;
pub mod get;
pub mod list;
pub mod remove;
pub(super) mod role;
pub(super) mod rows;
mod several;
pub(super) mod show;
pub mod update;

super::subcommands! {
    /// Add, list and remove members of a space, and change their roles
    pub Members {
        Add(add::Add),
        #[command(visible_alias = "ls")]
        List(list::List) => async,
        Get(get::Get) => async,
        Update(update::Update),
        #[command(visible_alias = "rm")]
        Remove(remove::Remove),
    }
}
