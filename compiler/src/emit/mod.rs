//! Emits a model as source code of its own.
mod doc;
mod form;
mod names;
pub fn debug(model: &crate::model::Model) -> String {
    let form = form::form(model.primitives(), false);
    format!("{:#?}", form.structures)
}
