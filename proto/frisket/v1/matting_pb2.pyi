from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PixelFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PIXEL_FORMAT_UNSPECIFIED: _ClassVar[PixelFormat]
    PIXEL_FORMAT_GRAY8: _ClassVar[PixelFormat]
    PIXEL_FORMAT_GRAY16: _ClassVar[PixelFormat]
    PIXEL_FORMAT_RGB8: _ClassVar[PixelFormat]
    PIXEL_FORMAT_RGB16: _ClassVar[PixelFormat]
    PIXEL_FORMAT_RGBA8: _ClassVar[PixelFormat]

class Packing(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PACKING_UNSPECIFIED: _ClassVar[Packing]
    PACKING_RAW: _ClassVar[Packing]
    PACKING_ZLIB: _ClassVar[Packing]

class Quality(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUALITY_UNSPECIFIED: _ClassVar[Quality]
    QUALITY_DRAFT: _ClassVar[Quality]
    QUALITY_STANDARD: _ClassVar[Quality]
    QUALITY_HIGH: _ClassVar[Quality]
    QUALITY_BEST: _ClassVar[Quality]

class Plane(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLANE_UNSPECIFIED: _ClassVar[Plane]
    PLANE_PROXY: _ClassVar[Plane]
    PLANE_TRIMAP: _ClassVar[Plane]
    PLANE_PRIOR: _ClassVar[Plane]
    PLANE_COARSE: _ClassVar[Plane]

class Stage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STAGE_UNSPECIFIED: _ClassVar[Stage]
    STAGE_PREVIEW: _ClassVar[Stage]
    STAGE_FINAL: _ClassVar[Stage]
PIXEL_FORMAT_UNSPECIFIED: PixelFormat
PIXEL_FORMAT_GRAY8: PixelFormat
PIXEL_FORMAT_GRAY16: PixelFormat
PIXEL_FORMAT_RGB8: PixelFormat
PIXEL_FORMAT_RGB16: PixelFormat
PIXEL_FORMAT_RGBA8: PixelFormat
PACKING_UNSPECIFIED: Packing
PACKING_RAW: Packing
PACKING_ZLIB: Packing
QUALITY_UNSPECIFIED: Quality
QUALITY_DRAFT: Quality
QUALITY_STANDARD: Quality
QUALITY_HIGH: Quality
QUALITY_BEST: Quality
PLANE_UNSPECIFIED: Plane
PLANE_PROXY: Plane
PLANE_TRIMAP: Plane
PLANE_PRIOR: Plane
PLANE_COARSE: Plane
STAGE_UNSPECIFIED: Stage
STAGE_PREVIEW: Stage
STAGE_FINAL: Stage

class Pixels(_message.Message):
    __slots__ = ("data", "packing", "crc32")
    DATA_FIELD_NUMBER: _ClassVar[int]
    PACKING_FIELD_NUMBER: _ClassVar[int]
    CRC32_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    packing: Packing
    crc32: int
    def __init__(self, data: _Optional[bytes] = ..., packing: _Optional[_Union[Packing, str]] = ..., crc32: _Optional[int] = ...) -> None: ...

class Rect(_message.Message):
    __slots__ = ("x", "y", "width", "height")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    x: int
    y: int
    width: int
    height: int
    def __init__(self, x: _Optional[int] = ..., y: _Optional[int] = ..., width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class TileRun(_message.Message):
    __slots__ = ("first", "count")
    FIRST_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    first: int
    count: int
    def __init__(self, first: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class MatteRequest(_message.Message):
    __slots__ = ("open", "rows", "tile", "update")
    OPEN_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    TILE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_FIELD_NUMBER: _ClassVar[int]
    open: OpenRequest
    rows: PlaneRows
    tile: TilePixels
    update: UpdateRequest
    def __init__(self, open: _Optional[_Union[OpenRequest, _Mapping]] = ..., rows: _Optional[_Union[PlaneRows, _Mapping]] = ..., tile: _Optional[_Union[TilePixels, _Mapping]] = ..., update: _Optional[_Union[UpdateRequest, _Mapping]] = ...) -> None: ...

class OpenRequest(_message.Message):
    __slots__ = ("protocol_version", "client", "width", "height", "tile_format", "tile_size", "proxy_width", "proxy_height", "proxy_format", "held", "options", "viewport", "packing", "batch", "coarse")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    TILE_FORMAT_FIELD_NUMBER: _ClassVar[int]
    TILE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PROXY_WIDTH_FIELD_NUMBER: _ClassVar[int]
    PROXY_HEIGHT_FIELD_NUMBER: _ClassVar[int]
    PROXY_FORMAT_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    VIEWPORT_FIELD_NUMBER: _ClassVar[int]
    PACKING_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    COARSE_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    client: str
    width: int
    height: int
    tile_format: PixelFormat
    tile_size: int
    proxy_width: int
    proxy_height: int
    proxy_format: PixelFormat
    held: _containers.RepeatedCompositeFieldContainer[TileRun]
    options: MatteOptions
    viewport: Rect
    packing: Packing
    batch: bool
    coarse: CoarseFacts
    def __init__(self, protocol_version: _Optional[int] = ..., client: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., tile_format: _Optional[_Union[PixelFormat, str]] = ..., tile_size: _Optional[int] = ..., proxy_width: _Optional[int] = ..., proxy_height: _Optional[int] = ..., proxy_format: _Optional[_Union[PixelFormat, str]] = ..., held: _Optional[_Iterable[_Union[TileRun, _Mapping]]] = ..., options: _Optional[_Union[MatteOptions, _Mapping]] = ..., viewport: _Optional[_Union[Rect, _Mapping]] = ..., packing: _Optional[_Union[Packing, str]] = ..., batch: bool = ..., coarse: _Optional[_Union[CoarseFacts, _Mapping]] = ...) -> None: ...

class CoarseFacts(_message.Message):
    __slots__ = ("cell_px", "confidence", "prompted", "note")
    CELL_PX_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    PROMPTED_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    cell_px: float
    confidence: float
    prompted: bool
    note: str
    def __init__(self, cell_px: _Optional[float] = ..., confidence: _Optional[float] = ..., prompted: bool = ..., note: _Optional[str] = ...) -> None: ...

class MatteOptions(_message.Message):
    __slots__ = ("model", "quality", "alpha_format", "foreground_colours", "hints", "edge", "normalise", "classes")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FORMAT_FIELD_NUMBER: _ClassVar[int]
    FOREGROUND_COLOURS_FIELD_NUMBER: _ClassVar[int]
    HINTS_FIELD_NUMBER: _ClassVar[int]
    EDGE_FIELD_NUMBER: _ClassVar[int]
    NORMALISE_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    model: str
    quality: Quality
    alpha_format: PixelFormat
    foreground_colours: bool
    hints: Hints
    edge: EdgeControls
    normalise: str
    classes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model: _Optional[str] = ..., quality: _Optional[_Union[Quality, str]] = ..., alpha_format: _Optional[_Union[PixelFormat, str]] = ..., foreground_colours: bool = ..., hints: _Optional[_Union[Hints, _Mapping]] = ..., edge: _Optional[_Union[EdgeControls, _Mapping]] = ..., normalise: _Optional[str] = ..., classes: _Optional[_Iterable[str]] = ...) -> None: ...

class Hints(_message.Message):
    __slots__ = ("boxes", "points", "scribbles", "trimap", "prior")
    BOXES_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    SCRIBBLES_FIELD_NUMBER: _ClassVar[int]
    TRIMAP_FIELD_NUMBER: _ClassVar[int]
    PRIOR_FIELD_NUMBER: _ClassVar[int]
    boxes: _containers.RepeatedCompositeFieldContainer[Rect]
    points: _containers.RepeatedCompositeFieldContainer[HintPoint]
    scribbles: _containers.RepeatedCompositeFieldContainer[Scribble]
    trimap: bool
    prior: bool
    def __init__(self, boxes: _Optional[_Iterable[_Union[Rect, _Mapping]]] = ..., points: _Optional[_Iterable[_Union[HintPoint, _Mapping]]] = ..., scribbles: _Optional[_Iterable[_Union[Scribble, _Mapping]]] = ..., trimap: bool = ..., prior: bool = ...) -> None: ...

class HintPoint(_message.Message):
    __slots__ = ("x", "y", "positive")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_FIELD_NUMBER: _ClassVar[int]
    x: int
    y: int
    positive: bool
    def __init__(self, x: _Optional[int] = ..., y: _Optional[int] = ..., positive: bool = ...) -> None: ...

class Scribble(_message.Message):
    __slots__ = ("x", "y", "radius_px", "positive")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    RADIUS_PX_FIELD_NUMBER: _ClassVar[int]
    POSITIVE_FIELD_NUMBER: _ClassVar[int]
    x: _containers.RepeatedScalarFieldContainer[int]
    y: _containers.RepeatedScalarFieldContainer[int]
    radius_px: int
    positive: bool
    def __init__(self, x: _Optional[_Iterable[int]] = ..., y: _Optional[_Iterable[int]] = ..., radius_px: _Optional[int] = ..., positive: bool = ...) -> None: ...

class EdgeControls(_message.Message):
    __slots__ = ("shift_px", "feather_px", "contrast", "smooth", "fill_holes", "drop_specks")
    SHIFT_PX_FIELD_NUMBER: _ClassVar[int]
    FEATHER_PX_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_FIELD_NUMBER: _ClassVar[int]
    SMOOTH_FIELD_NUMBER: _ClassVar[int]
    FILL_HOLES_FIELD_NUMBER: _ClassVar[int]
    DROP_SPECKS_FIELD_NUMBER: _ClassVar[int]
    shift_px: float
    feather_px: float
    contrast: float
    smooth: float
    fill_holes: float
    drop_specks: float
    def __init__(self, shift_px: _Optional[float] = ..., feather_px: _Optional[float] = ..., contrast: _Optional[float] = ..., smooth: _Optional[float] = ..., fill_holes: _Optional[float] = ..., drop_specks: _Optional[float] = ...) -> None: ...

class PlaneRows(_message.Message):
    __slots__ = ("plane", "first_row", "row_count", "pixels")
    PLANE_FIELD_NUMBER: _ClassVar[int]
    FIRST_ROW_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    PIXELS_FIELD_NUMBER: _ClassVar[int]
    plane: Plane
    first_row: int
    row_count: int
    pixels: Pixels
    def __init__(self, plane: _Optional[_Union[Plane, str]] = ..., first_row: _Optional[int] = ..., row_count: _Optional[int] = ..., pixels: _Optional[_Union[Pixels, _Mapping]] = ...) -> None: ...

class TilePixels(_message.Message):
    __slots__ = ("tile_id", "pixels")
    TILE_ID_FIELD_NUMBER: _ClassVar[int]
    PIXELS_FIELD_NUMBER: _ClassVar[int]
    tile_id: int
    pixels: Pixels
    def __init__(self, tile_id: _Optional[int] = ..., pixels: _Optional[_Union[Pixels, _Mapping]] = ...) -> None: ...

class UpdateRequest(_message.Message):
    __slots__ = ("revision", "viewport", "hints", "edge", "cancel")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    VIEWPORT_FIELD_NUMBER: _ClassVar[int]
    HINTS_FIELD_NUMBER: _ClassVar[int]
    EDGE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    revision: int
    viewport: Rect
    hints: Hints
    edge: EdgeControls
    cancel: bool
    def __init__(self, revision: _Optional[int] = ..., viewport: _Optional[_Union[Rect, _Mapping]] = ..., hints: _Optional[_Union[Hints, _Mapping]] = ..., edge: _Optional[_Union[EdgeControls, _Mapping]] = ..., cancel: bool = ...) -> None: ...

class MatteResponse(_message.Message):
    __slots__ = ("opened", "coarse", "solid", "need", "alpha", "failure", "finished")
    OPENED_FIELD_NUMBER: _ClassVar[int]
    COARSE_FIELD_NUMBER: _ClassVar[int]
    SOLID_FIELD_NUMBER: _ClassVar[int]
    NEED_FIELD_NUMBER: _ClassVar[int]
    ALPHA_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    opened: OpenedResponse
    coarse: CoarseRows
    solid: SolidTiles
    need: NeedTiles
    alpha: AlphaTile
    failure: TileFailure
    finished: FinishedResponse
    def __init__(self, opened: _Optional[_Union[OpenedResponse, _Mapping]] = ..., coarse: _Optional[_Union[CoarseRows, _Mapping]] = ..., solid: _Optional[_Union[SolidTiles, _Mapping]] = ..., need: _Optional[_Union[NeedTiles, _Mapping]] = ..., alpha: _Optional[_Union[AlphaTile, _Mapping]] = ..., failure: _Optional[_Union[TileFailure, _Mapping]] = ..., finished: _Optional[_Union[FinishedResponse, _Mapping]] = ...) -> None: ...

class OpenedResponse(_message.Message):
    __slots__ = ("protocol_version", "server_version", "model", "device", "tile_size", "tile_count", "notice", "call")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    TILE_SIZE_FIELD_NUMBER: _ClassVar[int]
    TILE_COUNT_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    server_version: str
    model: str
    device: str
    tile_size: int
    tile_count: int
    notice: str
    call: str
    def __init__(self, protocol_version: _Optional[int] = ..., server_version: _Optional[str] = ..., model: _Optional[str] = ..., device: _Optional[str] = ..., tile_size: _Optional[int] = ..., tile_count: _Optional[int] = ..., notice: _Optional[str] = ..., call: _Optional[str] = ...) -> None: ...

class CoarseRows(_message.Message):
    __slots__ = ("revision", "first_row", "row_count", "pixels", "facts")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    FIRST_ROW_FIELD_NUMBER: _ClassVar[int]
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    PIXELS_FIELD_NUMBER: _ClassVar[int]
    FACTS_FIELD_NUMBER: _ClassVar[int]
    revision: int
    first_row: int
    row_count: int
    pixels: Pixels
    facts: CoarseFacts
    def __init__(self, revision: _Optional[int] = ..., first_row: _Optional[int] = ..., row_count: _Optional[int] = ..., pixels: _Optional[_Union[Pixels, _Mapping]] = ..., facts: _Optional[_Union[CoarseFacts, _Mapping]] = ...) -> None: ...

class SolidTiles(_message.Message):
    __slots__ = ("revision", "transparent", "opaque")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TRANSPARENT_FIELD_NUMBER: _ClassVar[int]
    OPAQUE_FIELD_NUMBER: _ClassVar[int]
    revision: int
    transparent: _containers.RepeatedCompositeFieldContainer[TileRun]
    opaque: _containers.RepeatedCompositeFieldContainer[TileRun]
    def __init__(self, revision: _Optional[int] = ..., transparent: _Optional[_Iterable[_Union[TileRun, _Mapping]]] = ..., opaque: _Optional[_Iterable[_Union[TileRun, _Mapping]]] = ...) -> None: ...

class NeedTiles(_message.Message):
    __slots__ = ("revision", "tile_ids", "context_ids")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    TILE_IDS_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_IDS_FIELD_NUMBER: _ClassVar[int]
    revision: int
    tile_ids: _containers.RepeatedScalarFieldContainer[int]
    context_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, revision: _Optional[int] = ..., tile_ids: _Optional[_Iterable[int]] = ..., context_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class AlphaTile(_message.Message):
    __slots__ = ("tile_id", "revision", "stage", "pixels", "colours")
    TILE_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    PIXELS_FIELD_NUMBER: _ClassVar[int]
    COLOURS_FIELD_NUMBER: _ClassVar[int]
    tile_id: int
    revision: int
    stage: Stage
    pixels: Pixels
    colours: Pixels
    def __init__(self, tile_id: _Optional[int] = ..., revision: _Optional[int] = ..., stage: _Optional[_Union[Stage, str]] = ..., pixels: _Optional[_Union[Pixels, _Mapping]] = ..., colours: _Optional[_Union[Pixels, _Mapping]] = ...) -> None: ...

class TileFailure(_message.Message):
    __slots__ = ("tile_id", "reason", "message")
    TILE_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    tile_id: int
    reason: str
    message: str
    def __init__(self, tile_id: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class FinishedResponse(_message.Message):
    __slots__ = ("revision", "cancelled", "statistics", "assessment", "subject", "covered_share", "method")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    STATISTICS_FIELD_NUMBER: _ClassVar[int]
    ASSESSMENT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    COVERED_SHARE_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    revision: int
    cancelled: bool
    statistics: Statistics
    assessment: Assessment
    subject: Rect
    covered_share: float
    method: str
    def __init__(self, revision: _Optional[int] = ..., cancelled: bool = ..., statistics: _Optional[_Union[Statistics, _Mapping]] = ..., assessment: _Optional[_Union[Assessment, _Mapping]] = ..., subject: _Optional[_Union[Rect, _Mapping]] = ..., covered_share: _Optional[float] = ..., method: _Optional[str] = ...) -> None: ...

class Statistics(_message.Message):
    __slots__ = ("tiles_total", "tiles_needed", "tiles_solid", "model_seconds", "solve_seconds", "refine_seconds", "server_peak_bytes")
    TILES_TOTAL_FIELD_NUMBER: _ClassVar[int]
    TILES_NEEDED_FIELD_NUMBER: _ClassVar[int]
    TILES_SOLID_FIELD_NUMBER: _ClassVar[int]
    MODEL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SOLVE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    REFINE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SERVER_PEAK_BYTES_FIELD_NUMBER: _ClassVar[int]
    tiles_total: int
    tiles_needed: int
    tiles_solid: int
    model_seconds: float
    solve_seconds: float
    refine_seconds: float
    server_peak_bytes: int
    def __init__(self, tiles_total: _Optional[int] = ..., tiles_needed: _Optional[int] = ..., tiles_solid: _Optional[int] = ..., model_seconds: _Optional[float] = ..., solve_seconds: _Optional[float] = ..., refine_seconds: _Optional[float] = ..., server_peak_bytes: _Optional[int] = ...) -> None: ...

class Assessment(_message.Message):
    __slots__ = ("edge", "semantic", "overall", "needs_review", "reasons", "doubt")
    EDGE_FIELD_NUMBER: _ClassVar[int]
    SEMANTIC_FIELD_NUMBER: _ClassVar[int]
    OVERALL_FIELD_NUMBER: _ClassVar[int]
    NEEDS_REVIEW_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    DOUBT_FIELD_NUMBER: _ClassVar[int]
    edge: float
    semantic: float
    overall: float
    needs_review: bool
    reasons: _containers.RepeatedScalarFieldContainer[str]
    doubt: float
    def __init__(self, edge: _Optional[float] = ..., semantic: _Optional[float] = ..., overall: _Optional[float] = ..., needs_review: bool = ..., reasons: _Optional[_Iterable[str]] = ..., doubt: _Optional[float] = ...) -> None: ...

class MatteImageRequest(_message.Message):
    __slots__ = ("image", "options", "cutout")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    CUTOUT_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    options: MatteOptions
    cutout: bool
    def __init__(self, image: _Optional[bytes] = ..., options: _Optional[_Union[MatteOptions, _Mapping]] = ..., cutout: bool = ...) -> None: ...

class MatteImageResponse(_message.Message):
    __slots__ = ("image", "width", "height", "model", "device", "assessment", "subject", "covered_share", "call")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    ASSESSMENT_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    COVERED_SHARE_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    width: int
    height: int
    model: str
    device: str
    assessment: Assessment
    subject: Rect
    covered_share: float
    call: str
    def __init__(self, image: _Optional[bytes] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., model: _Optional[str] = ..., device: _Optional[str] = ..., assessment: _Optional[_Union[Assessment, _Mapping]] = ..., subject: _Optional[_Union[Rect, _Mapping]] = ..., covered_share: _Optional[float] = ..., call: _Optional[str] = ...) -> None: ...

class GetCapabilitiesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetCapabilitiesResponse(_message.Message):
    __slots__ = ("protocol_version", "server_version", "device", "models", "qualities", "packings", "max_proxy_side_px", "max_tile_size_px", "max_layer_pixels", "sessions", "max_sessions", "server_peak_bytes")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    QUALITIES_FIELD_NUMBER: _ClassVar[int]
    PACKINGS_FIELD_NUMBER: _ClassVar[int]
    MAX_PROXY_SIDE_PX_FIELD_NUMBER: _ClassVar[int]
    MAX_TILE_SIZE_PX_FIELD_NUMBER: _ClassVar[int]
    MAX_LAYER_PIXELS_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    SERVER_PEAK_BYTES_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    server_version: str
    device: str
    models: _containers.RepeatedCompositeFieldContainer[Model]
    qualities: _containers.RepeatedScalarFieldContainer[Quality]
    packings: _containers.RepeatedScalarFieldContainer[Packing]
    max_proxy_side_px: int
    max_tile_size_px: int
    max_layer_pixels: int
    sessions: int
    max_sessions: int
    server_peak_bytes: int
    def __init__(self, protocol_version: _Optional[int] = ..., server_version: _Optional[str] = ..., device: _Optional[str] = ..., models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ..., qualities: _Optional[_Iterable[_Union[Quality, str]]] = ..., packings: _Optional[_Iterable[_Union[Packing, str]]] = ..., max_proxy_side_px: _Optional[int] = ..., max_tile_size_px: _Optional[int] = ..., max_layer_pixels: _Optional[int] = ..., sessions: _Optional[int] = ..., max_sessions: _Optional[int] = ..., server_peak_bytes: _Optional[int] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("name", "family", "description", "licence", "commercial", "present", "loaded", "is_default", "size_bytes", "classes", "prompts", "refiner", "title", "pinned")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LICENCE_FIELD_NUMBER: _ClassVar[int]
    COMMERCIAL_FIELD_NUMBER: _ClassVar[int]
    PRESENT_FIELD_NUMBER: _ClassVar[int]
    LOADED_FIELD_NUMBER: _ClassVar[int]
    IS_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CLASSES_FIELD_NUMBER: _ClassVar[int]
    PROMPTS_FIELD_NUMBER: _ClassVar[int]
    REFINER_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    PINNED_FIELD_NUMBER: _ClassVar[int]
    name: str
    family: str
    description: str
    licence: str
    commercial: bool
    present: bool
    loaded: bool
    is_default: bool
    size_bytes: int
    classes: _containers.RepeatedScalarFieldContainer[str]
    prompts: bool
    refiner: bool
    title: str
    pinned: bool
    def __init__(self, name: _Optional[str] = ..., family: _Optional[str] = ..., description: _Optional[str] = ..., licence: _Optional[str] = ..., commercial: bool = ..., present: bool = ..., loaded: bool = ..., is_default: bool = ..., size_bytes: _Optional[int] = ..., classes: _Optional[_Iterable[str]] = ..., prompts: bool = ..., refiner: bool = ..., title: _Optional[str] = ..., pinned: bool = ...) -> None: ...
