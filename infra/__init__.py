"""The cloud as code: settings, one file a stack, shared constructs, template snapshots."""
