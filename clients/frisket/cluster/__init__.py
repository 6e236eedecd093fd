"""A batch on many machines: engines that make a batch's results elsewhere."""
