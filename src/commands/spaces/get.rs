//! `chatauth spaces get`.

use crate::chat::{GetSpace, Method};
use crate::commands::Context;
use crate::commands::caller::Caller;
use crate::commands::members::space_name;

/// The options of the command.
#[derive(Debug)]
pub struct Options {
    /// Which space.
    pub space: String,
    /// Whether as an administrator.
    pub admin: bool,
}

/// Shows one space.
pub async fn run(options: Options, context: &Context) -> anyhow::Result<()> {
    let request = GetSpace { name: space_name(&options.space)?, admin: options.admin };
    let mut caller = Caller::new(context, &[GetSpace::SCOPES], options.admin).await?;
    let space = caller.send(&request).await?;
    super::print(&space, context)?;
    Ok(())
}
