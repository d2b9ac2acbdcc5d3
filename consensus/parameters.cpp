#include "consensus/parameters.h"

#include "crypto/digest.h"

namespace giro::consensus {

Parameters Parameters::tiny() {
  Parameters tiny;
  tiny.window = 4;
  tiny.batch_bytes = 4 * 1024;
  tiny.batch_operations = 8;
  tiny.block_bytes = 16 * 1024;
  tiny.block_batches = 4;
  tiny.author_quota = 64 * 1024;
  tiny.snapshot_interval = 16;
  tiny.snapshot_chunk = 64 * 1024;
  tiny.epoch_blocks = 10;
  return tiny;
}

crypto::Hash Parameters::genesis_digest() const {
  crypto::Bytes bytes;
  crypto::Writer writer(bytes);
  writer.text("giro/parameters/v1").u64(epoch_blocks);
  return crypto::sha256(bytes);
}

}  // namespace giro::consensus
