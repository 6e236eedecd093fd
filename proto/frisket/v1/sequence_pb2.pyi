from frisket.v1 import matting_pb2 as _matting_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SequenceMatteRequest(_message.Message):
    __slots__ = ("open", "frame", "part")
    OPEN_FIELD_NUMBER: _ClassVar[int]
    FRAME_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    open: _matting_pb2.OpenRequest
    frame: FrameRequest
    part: FramePart
    def __init__(self, open: _Optional[_Union[_matting_pb2.OpenRequest, _Mapping]] = ..., frame: _Optional[_Union[FrameRequest, _Mapping]] = ..., part: _Optional[_Union[FramePart, _Mapping]] = ...) -> None: ...

class FrameRequest(_message.Message):
    __slots__ = ("frame", "restart", "run_in", "drop_late", "hints")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    RESTART_FIELD_NUMBER: _ClassVar[int]
    RUN_IN_FIELD_NUMBER: _ClassVar[int]
    DROP_LATE_FIELD_NUMBER: _ClassVar[int]
    HINTS_FIELD_NUMBER: _ClassVar[int]
    frame: int
    restart: bool
    run_in: bool
    drop_late: bool
    hints: _matting_pb2.Hints
    def __init__(self, frame: _Optional[int] = ..., restart: bool = ..., run_in: bool = ..., drop_late: bool = ..., hints: _Optional[_Union[_matting_pb2.Hints, _Mapping]] = ...) -> None: ...

class FramePart(_message.Message):
    __slots__ = ("frame", "request")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    frame: int
    request: _matting_pb2.MatteRequest
    def __init__(self, frame: _Optional[int] = ..., request: _Optional[_Union[_matting_pb2.MatteRequest, _Mapping]] = ...) -> None: ...

class SequenceMatteResponse(_message.Message):
    __slots__ = ("opened", "answer")
    OPENED_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    opened: SequenceOpened
    answer: FrameAnswer
    def __init__(self, opened: _Optional[_Union[SequenceOpened, _Mapping]] = ..., answer: _Optional[_Union[FrameAnswer, _Mapping]] = ...) -> None: ...

class SequenceOpened(_message.Message):
    __slots__ = ("layer", "max_frames")
    LAYER_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAMES_FIELD_NUMBER: _ClassVar[int]
    layer: _matting_pb2.OpenedResponse
    max_frames: int
    def __init__(self, layer: _Optional[_Union[_matting_pb2.OpenedResponse, _Mapping]] = ..., max_frames: _Optional[int] = ...) -> None: ...

class FrameAnswer(_message.Message):
    __slots__ = ("frame", "response", "is_new")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_FIELD_NUMBER: _ClassVar[int]
    IS_NEW_FIELD_NUMBER: _ClassVar[int]
    frame: int
    response: _matting_pb2.MatteResponse
    is_new: bool
    def __init__(self, frame: _Optional[int] = ..., response: _Optional[_Union[_matting_pb2.MatteResponse, _Mapping]] = ..., is_new: bool = ...) -> None: ...
