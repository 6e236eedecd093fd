"""What every kind of document starts from: a document, a raster, a raster turned upright."""
