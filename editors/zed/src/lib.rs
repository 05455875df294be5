//! Tells Zed how to start the language server of termc: the program that its settings name, or `termc` in `PATH`.

use zed_extension_api::settings::LspSettings;
use zed_extension_api::{
    Command, Extension, LanguageServerId, Result, Worktree, register_extension,
};

struct Term;

impl Extension for Term {
    fn new() -> Self {
        Self
    }

    fn language_server_command(
        &mut self,
        server: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Command> {
        let binary = LspSettings::for_worktree(server.as_ref(), worktree)?.binary;
        let named = binary.and_then(|binary| binary.path);
        let command = named.or_else(|| worktree.which("termc"));
        let command = command.ok_or(
            "termc is not in PATH: install it, or name it in the settings as lsp.termc.binary.path",
        )?;
        Ok(Command {
            command,
            args: vec!["lsp".into()],
            env: worktree.shell_env(),
        })
    }
}

register_extension!(Term);
