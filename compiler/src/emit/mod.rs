//! Emits a model as source code of its own.
