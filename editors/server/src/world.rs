//! All that is open: documents, the files on disk around them, and what is known of each. It knows who uses whom, so that
//! a change is told where it matters.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use termc_compiler::Files;
use termc_compiler::index::{Index, Meaning, prelude_files};
use termc_files::Folder;
use tower_lsp_server::ls_types::{Diagnostic, Uri, WorkspaceFolder};

use crate::analysis::{Analysis, Place, name_of};
use crate::findings::{self, Findings};
use crate::folders::term_files;
use crate::later::{Checked, Unfinished};
use crate::overlay::Overlay;
use crate::prelude;
use crate::text::Text;

/// An open document.
pub struct Document {
    pub uri: Uri,
    pub version: i32,
    pub text: Text,
}

/// All that is open.
#[derive(Default)]
pub struct World {
    pub documents: HashMap<PathBuf, Document>,
    analyses: HashMap<PathBuf, Analysis>,
    /// The findings of each main file, by the file they lie in.
    reports: HashMap<PathBuf, Findings>,
    roots: Vec<PathBuf>,
    /// How often files were looked at.
    turn: u64,
    /// What is to be told, in the order in which it was found.
    outbox: VecDeque<Publication>,
    /// What was told last of each document.
    told: HashMap<PathBuf, Vec<Diagnostic>>,
    /// What the files on disk that are not open use, with the time of their last change.
    on_disk: HashMap<PathBuf, (SystemTime, Vec<PathBuf>)>,
    /// The folder of the prelude's files.
    pub prelude: PathBuf,
}

/// Findings of one document, to be published.
pub struct Publication {
    pub uri: Uri,
    pub version: Option<i32>,
    pub diagnostics: Vec<Diagnostic>,
}

/// The path that stands for a document's address; addresses without a file are kept as they are.
pub fn path_of(uri: &Uri) -> PathBuf {
    match uri.scheme().as_str() == "file" {
        true => uri
            .to_file_path()
            .map_or_else(|| PathBuf::from(uri.as_str()), |path| path.into_owned()),
        false => PathBuf::from(uri.as_str()),
    }
}

impl World {
    pub fn new() -> Self {
        Self {
            prelude: prelude::folder(),
            ..Self::default()
        }
    }

    pub fn open_folders(&mut self, folders: &[WorkspaceFolder]) {
        self.roots
            .extend(folders.iter().map(|folder| path_of(&folder.uri)));
    }

    /// The files around a main file.
    pub fn files(&self, main: &Path) -> impl Files + '_ {
        Overlay::new(main, |path| self.open_text(path))
    }

    /// The text of a document that is open.
    pub fn open_text(&self, path: &Path) -> Option<String> {
        let document = self.documents.get(path)?;
        Some(document.text.text.clone())
    }

    pub fn is_prelude(&self, path: &Path) -> bool {
        path.starts_with(&self.prelude)
    }

    /// The text of a file as it is now, open or on disk.
    pub fn text(&self, path: &Path) -> Option<Text> {
        if let Some(document) = self.documents.get(path) {
            return Some(document.text.clone());
        }
        if let Ok(name) = path.strip_prefix(&self.prelude) {
            let name = prelude::name(name);
            return prelude_files()
                .find(|(own, _)| *own == name)
                .map(|(_, text)| Text::new(text));
        }
        let folder = Folder::of(path);
        folder.read(&name_of(path)).ok().map(Text::new)
    }

    /// The address of a file; the prelude's are written where an editor can open them.
    pub fn uri(&self, path: &Path) -> Option<Uri> {
        if let Some(document) = self.documents.get(path) {
            return Some(document.uri.clone());
        }
        if self.is_prelude(path) {
            prelude::write(&self.prelude);
        }
        Uri::from_file_path(path)
    }

    /// What is known of a main file.
    pub fn analysis(&self, path: &Path) -> Option<&Analysis> {
        self.analyses.get(path)
    }

    /// All that know a file: itself as a main file, then those that use it.
    pub fn views(&self, path: &Path) -> Vec<&Analysis> {
        let own = self.analyses.get(path);
        let mut others: Vec<&Analysis> =
            self.analyses.values().filter(|a| a.path != path).collect();
        others.retain(|analysis| self.is_prelude(path) || analysis.uses(path));
        others.sort_by(|a, b| a.path.cmp(&b.path));
        own.into_iter().chain(others).collect()
    }

    /// What is to be told next.
    pub fn next_publication(&mut self) -> Option<Publication> {
        self.outbox.pop_front()
    }

    /// Looks at a file again, and at those that use it.
    pub fn refresh(&mut self, path: &Path) {
        if self.is_prelude(path) {
            return;
        }
        let users = self.users(path);
        let mut touched = BTreeSet::from([path.to_owned()]);
        for main in std::iter::once(path.to_owned()).chain(users) {
            touched.extend(self.look_at(&main));
        }
        self.publish(touched, Some(path));
    }

    /// Looks again at what is known and may read a file that has changed on disk. Nobody asked about all others, and of an
    /// open document its own text counts.
    pub fn changed_on_disk(&mut self, path: &Path) {
        if self.documents.contains_key(path) {
            return;
        }
        // One that could not be read may have missed the file.
        let known = self.analyses.values();
        let reads = known.filter(|a| a.path == path || a.uses(path) || !a.was_read());
        let mains: Vec<PathBuf> = reads.map(|analysis| analysis.path.clone()).collect();
        let touched = mains.iter().flat_map(|main| self.look_at(main)).collect();
        self.publish(touched, None);
    }

    /// Forgets a document that was closed; its findings go, those of the file on disk stay with who uses it.
    pub fn close(&mut self, path: &Path) {
        self.documents.remove(path);
        let mut touched: BTreeSet<PathBuf> = self.forget(path).into_iter().collect();
        touched.insert(path.to_owned());
        for main in self.users(path) {
            touched.extend(self.look_at(&main));
        }
        self.publish(touched, Some(path));
    }

    /// Looks at all files that use a file and are not open: only an open one is known as it is now.
    pub fn meet_users(&mut self, path: &Path) {
        if self.is_prelude(path) {
            return;
        }
        let mut touched = BTreeSet::new();
        for main in self.users(path) {
            if !self.documents.contains_key(&main) {
                touched.extend(self.look_at(&main));
            }
        }
        self.publish(touched, None);
    }

    /// Analyses one main file; the files that something is or was told of.
    fn look_at(&mut self, main: &Path) -> Vec<PathBuf> {
        let Some(text) = self.text(main) else {
            return self.forget(main);
        };
        let last = self.analyses.get_mut(main);
        let last = last.and_then(|analysis| analysis.good.take());
        let mut touched = self.forget(main);
        self.turn += 1;
        let analysis = Analysis::new(main, self.turn, &text.text, &self.files(main), last);
        let report = findings::of(&analysis, self);
        touched.extend(report.keys().cloned().chain(analysis.used()));
        self.analyses.insert(main.to_owned(), analysis);
        self.reports.insert(main.to_owned(), report);
        touched
    }

    /// Forgets what is known of a main file; the files that something was told of, or that it kept from telling.
    fn forget(&mut self, main: &Path) -> Vec<PathBuf> {
        let told = self.reports.remove(main).into_iter();
        let mut touched: Vec<PathBuf> = told.flat_map(Findings::into_keys).collect();
        let analysis = self.analyses.remove(main);
        touched.extend(analysis.iter().flat_map(Analysis::used));
        touched
    }

    /// Whether what those say that use a file is all there is to say of it: it defines for others, and one of these could be read.
    fn is_told_by_users(&self, path: &Path) -> bool {
        let alone = |analysis: &Analysis| !analysis.index.has_models();
        let reads = |user: &&Analysis| user.path != path && user.was_read();
        self.analyses.get(path).is_some_and(alone) && self.views(path).iter().any(reads)
    }

    /// What is to be told of these files: of one in any case, of others where it is news.
    fn publish(&mut self, touched: BTreeSet<PathBuf>, always: Option<&Path>) {
        let mains = self.reports.keys();
        let silent: BTreeSet<PathBuf> = mains
            .filter(|main| self.is_told_by_users(main))
            .cloned()
            .collect();
        for path in touched {
            if self.is_prelude(&path) {
                continue;
            }
            let mut diagnostics: Vec<Diagnostic> = vec![];
            let reports = self.reports.iter();
            for (_, report) in reports.filter(|(main, _)| !silent.contains(*main)) {
                for diagnostic in report.get(&path).into_iter().flatten() {
                    if !diagnostics.contains(diagnostic) {
                        diagnostics.push(diagnostic.clone());
                    }
                }
            }
            diagnostics.sort_by_key(|found| (found.range.start.line, found.range.start.character));
            let before = self.told.insert(path.clone(), diagnostics.clone());
            let news = before.unwrap_or_default() != diagnostics;
            if !news && always != Some(&path) {
                continue;
            }
            if let Some(uri) = self.uri(&path) {
                let version = self.documents.get(&path).map(|document| document.version);
                self.outbox.push_back(Publication {
                    uri,
                    version,
                    diagnostics,
                });
            }
        }
    }

    /// What is left to check, with all that it takes: it can be done elsewhere.
    pub fn unfinished(&self) -> Vec<Unfinished> {
        let analyses = self.analyses.values().filter(|analysis| !analysis.complete);
        let made = analyses.map(|analysis| Unfinished {
            path: analysis.path.clone(),
            turn: analysis.turn,
            text: analysis.text.text.clone(),
            documents: self
                .documents
                .iter()
                .map(|(path, d)| (path.clone(), d.text.text.clone()))
                .collect(),
        });
        made.collect()
    }

    /// Takes what was found, unless its text or one that it uses has been looked at since.
    pub fn finish(&mut self, checked: Checked) {
        let Some(mut analysis) = self.analyses.remove(&checked.path) else {
            return;
        };
        let current = analysis.turn == checked.turn && !analysis.complete;
        let mut touched = BTreeSet::new();
        if current {
            analysis.complete(checked.found);
            let report = findings::of(&analysis, self);
            touched.extend(report.keys().cloned());
            let before = self.reports.insert(checked.path.clone(), report);
            touched.extend(before.into_iter().flatten().map(|(path, _)| path));
        }
        self.analyses.insert(checked.path, analysis);
        self.publish(touched, None);
    }

    /// The main files that use a file: they lie in its folder or above, within what is open.
    fn users(&mut self, path: &Path) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::new();
        let known = self.analyses.values();
        let users = known.filter(|analysis| analysis.path != path && analysis.uses(path));
        found.extend(users.map(|analysis| analysis.path.clone()));
        let mut folder = path.parent().map(Path::to_owned);
        while let Some(here) = folder {
            for main in term_files(&here, self.documents.keys()) {
                let open = main == path || self.analyses.contains_key(&main);
                if !open && self.used_on_disk(&main).iter().any(|used| used == path) {
                    found.insert(main);
                }
            }
            let within = |root: &PathBuf| here.starts_with(root) && here != *root;
            if !self.roots.iter().any(within) {
                break;
            }
            folder = here.parent().map(Path::to_owned);
        }
        found
    }

    /// What a file on disk uses; read again only when it has changed.
    fn used_on_disk(&mut self, main: &Path) -> &[PathBuf] {
        let changed = std::fs::metadata(main).and_then(|about| about.modified());
        let changed = changed.unwrap_or(SystemTime::UNIX_EPOCH);
        let known = self.on_disk.get(main).is_some_and(|(at, _)| *at == changed);
        if !known {
            let used = self.uses_of(main);
            self.on_disk.insert(main.to_owned(), (changed, used));
        }
        self.on_disk.get(main).map_or(&[], |(_, used)| used)
    }

    fn uses_of(&self, main: &Path) -> Vec<PathBuf> {
        let text = self.text(main).filter(|text| text.text.contains("use \""));
        let Some(text) = text else { return vec![] };
        let index = Index::new(&name_of(main), &text.text, &self.files(main));
        let folder = main.parent().unwrap_or(Path::new(""));
        index.used().iter().map(|used| folder.join(used)).collect()
    }

    /// The place that a meaning is named first at, as one of its views sees it.
    pub fn named_at(&self, view: &Analysis, meaning: &Meaning) -> Option<Place> {
        let Meaning::Symbol(number) = meaning else {
            return None;
        };
        let symbol = view.index.symbol(*number)?;
        view.place(view.index.sources(), symbol.span, &self.prelude)
    }

    /// All main files that are known.
    pub fn all(&self) -> impl Iterator<Item = &Analysis> {
        self.analyses.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_in_older_texts_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::new();
        let open = |world: &mut World, name: &str, text: &str| -> PathBuf {
            let path = folder.path().join(name);
            let uri = Uri::from_file_path(&path).unwrap();
            let (version, text) = (0, Text::new(text));
            let document = Document { uri, version, text };
            world.documents.insert(path.clone(), document);
            world.refresh(&path);
            path
        };
        let main = "use \"parts.term\"\n\nmodel M {\n    input image[1, 8, 8]\n    output logits = head(wide(image), 2)\n    \
                    loss {\n        cross_entropy(logits)\n    }\n}\n";
        open(
            &mut world,
            "parts.term",
            "block wide(x) {\n    linear(x, 3)\n}\n",
        );
        let main = open(&mut world, "main.term", main);
        let left = |world: &World| world.unfinished().into_iter().find(|u| u.path == main);
        let older = left(&world).unwrap();
        // The used file changes while its user is checked, whose own text stays.
        open(
            &mut world,
            "parts.term",
            "block wide(x) {\n    linear(x, 4)\n}\n",
        );
        world.finish(older.check());
        let newer = left(&world).unwrap();
        world.finish(newer.check());
        assert!(left(&world).is_none());
    }
}
