"""The one artifact between computing and showing: what a command found out, typed and ready to be stored."""
