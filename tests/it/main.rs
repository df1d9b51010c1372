mod conformance;
mod management;
