"""What the families of Siamese trackers share: crops, inference, definitions, and the steps that are the same."""
