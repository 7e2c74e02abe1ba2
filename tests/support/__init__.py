"""What tests are made with: beds, worlds, inputs, faults and servers; see tests/README.md."""
