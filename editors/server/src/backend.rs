//! The protocol: each request finds its document and asks one module. All answers are computed at once, under one lock.
//! An entry for each request of the protocol, which is why it is long.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::executor::block_on;
use futures::lock::Mutex as InOrder;
use serde_json::json;
use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types as lsp;
use tower_lsp_server::{Client, LanguageServer};

use crate::analysis::{Analysis, Place};
use crate::capabilities::{GRAPH_COMMAND, OWN_VIEW, capabilities};
use crate::edits::between;
use crate::later::Unfinished;
use crate::text::Text;
use crate::world::{Document, World, path_of};
use crate::{actions, completion, folding, graph, hints, hover, lenses, names, symbols, tokens};

/// How long nothing is typed before variants and families are checked.
const QUIET: Duration = Duration::from_millis(120);

pub struct Backend {
    /// Counts the changes.
    turn: Arc<AtomicU64>,
    teller: Teller,
    /// Whether the editor shows graphs in a window of its own.
    own_view: AtomicBool,
}

impl Backend {
    pub fn new(client: Client) -> Self {
        Self {
            turn: Arc::default(),
            teller: Teller {
                client,
                world: Arc::new(Mutex::new(World::new())),
                order: Arc::default(),
            },
            own_view: AtomicBool::new(false),
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.teller.world()
    }

    /// Checks what is left once nothing has changed for a while; what it finds is told then.
    fn finish_later(&self) {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) + 1;
        let (teller, turns) = (self.teller.clone(), self.turn.clone());
        std::thread::spawn(move || {
            std::thread::sleep(QUIET);
            if turns.load(Ordering::Relaxed) == turn {
                block_on(teller.finish());
            }
        });
    }

    /// Answers from a document as it is now.
    fn with<T>(
        &self,
        uri: &lsp::Uri,
        answer: impl FnOnce(&World, &Path, Text) -> Option<T>,
    ) -> Option<T> {
        let world = self.world();
        let path = path_of(uri);
        let text = world.text(&path)?;
        answer(&world, &path, text)
    }

    /// Looks at the files that may use what a name stands for: its places in them are asked for next.
    async fn meet_users(&self, position: &lsp::TextDocumentPositionParams) {
        let home = self.with(&position.text_document.uri, |world, path, text| {
            let (view, mention) = names::mention(world, path, text.offset(position.position))?;
            world.named_at(view, &mention.meaning)
        });
        if let Some(home) = home {
            self.world().meet_users(&home.path);
            self.teller.tell().await;
        }
    }

    fn graph_command(&self) -> &'static str {
        match self.own_view.load(Ordering::Relaxed) {
            true => OWN_VIEW,
            false => GRAPH_COMMAND,
        }
    }
}

/// Tells the client what is found.
#[derive(Clone)]
struct Teller {
    client: Client,
    world: Arc<Mutex<World>>,
    /// Whoever holds it tells; else what one found earlier could be told after what another found later.
    order: Arc<InOrder<()>>,
}

impl Teller {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells everything that is to be told.
    async fn tell(&self) {
        let _order = self.order.lock().await;
        let next = || self.world().next_publication();
        while let Some(one) = next() {
            let told = self
                .client
                .publish_diagnostics(one.uri, one.diagnostics, one.version);
            told.await;
        }
    }

    /// Checks what is left, with the world open to others meanwhile, and tells it file by file.
    async fn finish(&self) {
        let unfinished = self.world().unfinished();
        for checked in unfinished.into_iter().map(Unfinished::check) {
            self.world().finish(checked);
            self.tell().await;
        }
    }
}

fn locations(world: &World, places: impl IntoIterator<Item = Place>) -> Vec<lsp::Location> {
    let mut texts: HashMap<PathBuf, Option<Text>> = HashMap::new();
    let located = places.into_iter().filter_map(|place| {
        let text = texts
            .entry(place.path.clone())
            .or_insert_with(|| world.text(&place.path))
            .as_ref()?;
        Some(lsp::Location::new(
            world.uri(&place.path)?,
            text.range(place.range()),
        ))
    });
    located.collect()
}

/// The models that know the shapes of a file's blocks: its own first.
fn models<'a>(world: &'a World, path: &Path) -> Vec<&'a termc_compiler::model::Model> {
    let views = world.views(path).into_iter();
    views
        .filter_map(|view| view.good.as_ref().map(|good| &good.model))
        .collect()
}

/// The index that knows a file, and where its text begins there.
fn indexed<'a>(world: &'a World, path: &Path) -> Option<(&'a Analysis, u32)> {
    let view = world.views(path).into_iter().next()?;
    Some((view, view.span_at(path, 0, &world.prelude)?))
}

impl LanguageServer for Backend {
    async fn initialize(&self, params: lsp::InitializeParams) -> Result<lsp::InitializeResult> {
        self.world()
            .open_folders(&params.workspace_folders.unwrap_or_default());
        let own_view = params
            .initialization_options
            .and_then(|options| options.get("graphView")?.as_bool());
        self.own_view
            .store(own_view.unwrap_or(false), Ordering::Relaxed);
        let server_info = lsp::ServerInfo {
            name: "termc".into(),
            version: Some(env!("CARGO_PKG_VERSION").into()),
        };
        Ok(lsp::InitializeResult {
            capabilities: capabilities(),
            server_info: Some(server_info),
            ..Default::default()
        })
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }

    async fn did_open(&self, params: lsp::DidOpenTextDocumentParams) {
        let document = params.text_document;
        let path = path_of(&document.uri);
        {
            let mut world = self.world();
            let opened = Document {
                uri: document.uri,
                version: document.version,
                text: Text::new(document.text),
            };
            world.documents.insert(path.clone(), opened);
            world.refresh(&path);
        }
        self.teller.tell().await;
        self.finish_later();
    }

    async fn did_change(&self, params: lsp::DidChangeTextDocumentParams) {
        let path = path_of(&params.text_document.uri);
        {
            let mut world = self.world();
            if let Some(document) = world.documents.get_mut(&path) {
                document.version = params.text_document.version;
                for change in params.content_changes {
                    document.text = std::mem::take(&mut document.text).changed(change);
                }
            }
            world.refresh(&path);
        }
        self.teller.tell().await;
        self.finish_later();
    }

    async fn did_save(&self, params: lsp::DidSaveTextDocumentParams) {
        self.world().refresh(&path_of(&params.text_document.uri));
        self.teller.tell().await;
        self.finish_later();
    }

    async fn did_close(&self, params: lsp::DidCloseTextDocumentParams) {
        self.world().close(&path_of(&params.text_document.uri));
        self.teller.tell().await;
        self.finish_later();
    }

    async fn did_change_watched_files(&self, params: lsp::DidChangeWatchedFilesParams) {
        {
            let mut world = self.world();
            for change in &params.changes {
                world.changed_on_disk(&path_of(&change.uri));
            }
        }
        self.teller.tell().await;
        self.finish_later();
    }

    async fn hover(&self, params: lsp::HoverParams) -> Result<Option<lsp::Hover>> {
        let position = params.text_document_position_params;
        Ok(self.with(&position.text_document.uri, |world, path, text| {
            let (view, mention) = names::mention(world, path, text.offset(position.position))?;
            let place = view.place(view.index.sources(), mention.span, &world.prelude)?;
            let value = hover::hover(world, view, mention, &place, &text);
            let contents = lsp::HoverContents::Markup(lsp::MarkupContent {
                kind: lsp::MarkupKind::Markdown,
                value,
            });
            Some(lsp::Hover {
                contents,
                range: Some(text.range(place.range())),
            })
        }))
    }

    async fn completion(
        &self,
        params: lsp::CompletionParams,
    ) -> Result<Option<lsp::CompletionResponse>> {
        let position = params.text_document_position;
        Ok(self.with(&position.text_document.uri, |world, path, text| {
            let at = text.offset(position.position);
            let view = world.analysis(path)?;
            Some(lsp::CompletionResponse::Array(completion::completion(
                &view.index,
                &text,
                at,
            )))
        }))
    }

    async fn signature_help(
        &self,
        params: lsp::SignatureHelpParams,
    ) -> Result<Option<lsp::SignatureHelp>> {
        let position = params.text_document_position_params;
        Ok(self.with(&position.text_document.uri, |world, path, text| {
            let at = text.offset(position.position);
            completion::signature(&world.analysis(path)?.index, &text, at)
        }))
    }

    async fn goto_definition(
        &self,
        params: lsp::GotoDefinitionParams,
    ) -> Result<Option<lsp::GotoDefinitionResponse>> {
        let position = params.text_document_position_params;
        Ok(self.with(&position.text_document.uri, |world, path, text| {
            let (view, mention) = names::mention(world, path, text.offset(position.position))?;
            let place = names::definition(world, view, mention)?;
            locations(world, [place])
                .pop()
                .map(lsp::GotoDefinitionResponse::Scalar)
        }))
    }

    async fn references(&self, params: lsp::ReferenceParams) -> Result<Option<Vec<lsp::Location>>> {
        let position = params.text_document_position;
        self.meet_users(&position).await;
        Ok(self.with(&position.text_document.uri, |world, path, text| {
            let (view, mention) = names::mention(world, path, text.offset(position.position))?;
            let places =
                names::references(world, view, mention, params.context.include_declaration);
            Some(locations(world, places))
        }))
    }

    async fn document_highlight(
        &self,
        params: lsp::DocumentHighlightParams,
    ) -> Result<Option<Vec<lsp::DocumentHighlight>>> {
        let position = params.text_document_position_params;
        Ok(self.with(&position.text_document.uri, |world, path, text| {
            let (view, mention) = names::mention(world, path, text.offset(position.position))?;
            let places = names::references(world, view, mention, true)
                .into_iter()
                .filter(|place| place.path == path);
            let made = places.map(|place| lsp::DocumentHighlight {
                range: text.range(place.range()),
                kind: None,
            });
            Some(made.collect())
        }))
    }

    async fn prepare_rename(
        &self,
        params: lsp::TextDocumentPositionParams,
    ) -> Result<Option<lsp::PrepareRenameResponse>> {
        Ok(self.with(&params.text_document.uri, |world, path, text| {
            let (view, mention) = names::mention(world, path, text.offset(params.position))?;
            let home = world.named_at(view, &mention.meaning)?;
            let place = view.place(view.index.sources(), mention.span, &world.prelude)?;
            (!world.is_prelude(&home.path))
                .then(|| lsp::PrepareRenameResponse::Range(text.range(place.range())))
        }))
    }

    async fn rename(&self, params: lsp::RenameParams) -> Result<Option<lsp::WorkspaceEdit>> {
        let position = params.text_document_position;
        self.meet_users(&position).await;
        let renamed = self.with(&position.text_document.uri, |world, path, text| {
            let at = text.offset(position.position);
            let places = match names::rename(world, path, at, &params.new_name) {
                Ok(places) => places,
                Err(refused) => return Some(Err(refused)),
            };
            let mut changes: HashMap<lsp::Uri, Vec<lsp::TextEdit>> = HashMap::new();
            for location in locations(world, places) {
                let edit = lsp::TextEdit::new(location.range, params.new_name.clone());
                changes.entry(location.uri).or_default().push(edit);
            }
            Some(Ok(lsp::WorkspaceEdit {
                changes: Some(changes),
                ..Default::default()
            }))
        });
        match renamed {
            None => Ok(None),
            Some(Ok(edit)) => Ok(Some(edit)),
            Some(Err(refused)) => Err(Error::invalid_params(refused.message())),
        }
    }

    async fn formatting(
        &self,
        params: lsp::DocumentFormattingParams,
    ) -> Result<Option<Vec<lsp::TextEdit>>> {
        Ok(self.with(&params.text_document.uri, |_, _, text| {
            let formatted = termc_grammar::format(&text.text).ok()?;
            Some(
                between(&text.text, &formatted)
                    .iter()
                    .map(|edit| edit.told(&text))
                    .collect(),
            )
        }))
    }

    async fn inlay_hint(
        &self,
        params: lsp::InlayHintParams,
    ) -> Result<Option<Vec<lsp::InlayHint>>> {
        Ok(self.with(&params.text_document.uri, |world, path, text| {
            let within = text.offset(params.range.start)..text.offset(params.range.end) + 1;
            let view = world.analysis(path)?;
            Some(hints::hints(
                view.index.main_items(),
                &models(world, path),
                &text,
                0,
                within,
            ))
        }))
    }

    async fn semantic_tokens_full(
        &self,
        params: lsp::SemanticTokensParams,
    ) -> Result<Option<lsp::SemanticTokensResult>> {
        Ok(self.with(&params.text_document.uri, |world, path, text| {
            let (view, base) = indexed(world, path)?;
            let data = tokens::tokens(&view.index, &text, base, None);
            Some(lsp::SemanticTokensResult::Tokens(lsp::SemanticTokens {
                result_id: None,
                data,
            }))
        }))
    }

    async fn semantic_tokens_range(
        &self,
        params: lsp::SemanticTokensRangeParams,
    ) -> Result<Option<lsp::SemanticTokensRangeResult>> {
        Ok(self.with(&params.text_document.uri, |world, path, text| {
            let (view, base) = indexed(world, path)?;
            let within = text.offset(params.range.start)..text.offset(params.range.end);
            let data = tokens::tokens(&view.index, &text, base, Some(within));
            Some(lsp::SemanticTokensRangeResult::Tokens(
                lsp::SemanticTokens {
                    result_id: None,
                    data,
                },
            ))
        }))
    }

    async fn folding_range(
        &self,
        params: lsp::FoldingRangeParams,
    ) -> Result<Option<Vec<lsp::FoldingRange>>> {
        Ok(self.with(&params.text_document.uri, |_, _, text| {
            Some(folding::folding(&text))
        }))
    }

    async fn document_symbol(
        &self,
        params: lsp::DocumentSymbolParams,
    ) -> Result<Option<lsp::DocumentSymbolResponse>> {
        Ok(self.with(&params.text_document.uri, |world, path, text| {
            Some(lsp::DocumentSymbolResponse::Nested(symbols::symbols(
                &world.analysis(path)?.index,
                &text,
            )))
        }))
    }

    async fn code_action(
        &self,
        params: lsp::CodeActionParams,
    ) -> Result<Option<lsp::CodeActionResponse>> {
        // Actions are for everything that is wrong.
        self.teller.finish().await;
        Ok(self.with(&params.text_document.uri, |world, path, text| {
            let range = text.offset(params.range.start)..text.offset(params.range.end);
            let all = actions::actions(world, path, range).into_iter();
            Some(all.map(lsp::CodeActionOrCommand::CodeAction).collect())
        }))
    }

    async fn code_lens(&self, params: lsp::CodeLensParams) -> Result<Option<Vec<lsp::CodeLens>>> {
        let command = self.graph_command();
        Ok(self.with(&params.text_document.uri, |world, path, text| {
            let view = world.analysis(path)?;
            let uri = &params.text_document.uri;
            Some(lenses::lenses(
                view,
                &world.files(path),
                &text,
                uri,
                command,
            ))
        }))
    }

    async fn execute_command(
        &self,
        params: lsp::ExecuteCommandParams,
    ) -> Result<Option<lsp::LSPAny>> {
        if params.command != GRAPH_COMMAND {
            return Err(Error::invalid_params(format!(
                "there is no command `{}`",
                params.command
            )));
        }
        let uri = params
            .arguments
            .first()
            .and_then(|uri| serde_json::from_value::<lsp::Uri>(uri.clone()).ok());
        let Some(uri) = uri else {
            return Err(Error::invalid_params(
                "the first argument is the address of a document",
            ));
        };
        let name = params.arguments.get(1).and_then(|name| name.as_str());
        let page = self.with(&uri, |world, path, _| {
            let view = world.analysis(path)?;
            let first = || Some(view.index.own_models().next()?.name.clone());
            let name = name.map(str::to_owned).or_else(first)?;
            let (model, sources) = view.model(&name, &world.files(path))?;
            Some((model.name.clone(), graph::page(&model, &sources)))
        });
        let (title, html) = match page {
            Some((title, Ok(html))) => (title, html),
            Some((_, Err(refused))) => return Err(Error::invalid_params(refused)),
            None => {
                return Err(Error::invalid_params(
                    "there is no model without an error to show",
                ));
            }
        };
        if self.graph_command() == OWN_VIEW {
            return Ok(Some(json!({ "title": title, "html": html })));
        }
        let path = match graph::written(&title, &html) {
            Ok(path) => path,
            Err(error) => {
                return Err(Error::invalid_params(format!(
                    "the page cannot be written: {error}"
                )));
            }
        };
        if let Some(uri) = lsp::Uri::from_file_path(&path) {
            let params = lsp::ShowDocumentParams {
                uri,
                external: Some(true),
                take_focus: Some(true),
                selection: None,
            };
            // An editor that cannot show it is told where it lies.
            if !self
                .teller
                .client
                .show_document(params)
                .await
                .unwrap_or(false)
            {
                self.teller
                    .client
                    .show_message(
                        lsp::MessageType::INFO,
                        format!("the graph is in {}", path.display()),
                    )
                    .await;
            }
        }
        Ok(Some(
            json!({ "title": title, "path": path.display().to_string() }),
        ))
    }
}
