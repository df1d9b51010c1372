//! The frames of the socket protocol: what clients send and what they get.
