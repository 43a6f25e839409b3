"""C++ from .proto files by Debian's protoc; no rules are downloaded."""

def chancery_proto(name, src, deps = [], service = False):
    """A cc_library `name` with the messages of `src`, and its service if any.

    Args:
      name: the library.
      src: path of the .proto below proto/.
      deps: the libraries of the files that it imports.
      service: whether the file declares a gRPC service.
    """
    stem = src[:-len(".proto")]
    hdrs = [stem + ".pb.h"]
    srcs = [stem + ".pb.cc"]
    flags = ""
    if service:
        hdrs.append(stem + ".grpc.pb.h")
        srcs.append(stem + ".grpc.pb.cc")
        flags = "--grpc_out=$(RULEDIR) --plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin "
    native.genrule(
        name = name + "_gen",
        srcs = [src, ":protos"],
        outs = hdrs + srcs,
        cmd = "/usr/bin/protoc -Iproto --cpp_out=$(RULEDIR) " + flags + "$(location " + src + ")",
    )
    native.cc_library(
        name = name,
        srcs = srcs,
        hdrs = hdrs,
        copts = ["-w"],
        includes = ["."],
        deps = deps + ["//third_party/system:" + ("grpc" if service else "protobuf")],
    )
