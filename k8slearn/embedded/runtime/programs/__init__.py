"""The programs of the catalogue's images. An *applet* is a generator function of a process and its arguments
(without the command's name); ``options.program`` makes an executable of it."""
