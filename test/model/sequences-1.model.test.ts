import { shard } from './shard.ts'

shard(1, 2600, 8)
