"""From a picture to an alpha: look, solve, plan, refine, assess. No gRPC, no protobuf."""
