//! Runs checked models with Burn.
