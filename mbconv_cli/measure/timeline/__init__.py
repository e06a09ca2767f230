"""The timeline of an accelerator, free of torch: which kernels each op launches, and how long they take."""
