//! Google's OAuth and Chat endpoints for one machine.
