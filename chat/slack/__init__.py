"""The guide in Slack: the only part of the product that knows Slack and Bolt."""
