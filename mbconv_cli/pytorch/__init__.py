"""The torch wall: the only room that imports torch, fvcore and onnx. Its files are imported when needed, not before."""
