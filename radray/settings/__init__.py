"""The settings of every job, a module a section; `loading` reads them from files and words."""
