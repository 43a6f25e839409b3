// block::Update to and from its message.
#ifndef CHANCERY_RPC_CONVERT_BLOCK_UPDATE_H_
#define CHANCERY_RPC_CONVERT_BLOCK_UPDATE_H_

#include <vector>

#include "block/update.h"
#include "chancery/block/v1/update.pb.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace chancery::rpc {

using BlockUpdates =
    google::protobuf::RepeatedPtrField<chancery::block::v1::BlockUpdate>;

void ToProto(const block::Update& update,
             chancery::block::v1::BlockUpdate* message);
void ToProto(const std::vector<block::Update>& updates, BlockUpdates* messages);

// Shapes only; whoever applies an update verifies it.
block::Update FromProto(const chancery::block::v1::BlockUpdate& message);
std::vector<block::Update> FromProto(const BlockUpdates& messages);

}  // namespace chancery::rpc

#endif  // CHANCERY_RPC_CONVERT_BLOCK_UPDATE_H_
