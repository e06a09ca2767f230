"""A Plan exported to ONNX and measured in onnxruntime, an optional extra."""
