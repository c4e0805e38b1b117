// Calls that are never answered.
import { testEveryCall } from './matrix.ts'

testEveryCall('hangs')
testEveryCall('is done, and the answer hangs')
