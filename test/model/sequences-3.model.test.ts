import { shard } from './shard.ts'

shard(3, 2600, 16)
