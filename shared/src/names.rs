//! What people give things: parsed once at the boundary, correct from then on.
